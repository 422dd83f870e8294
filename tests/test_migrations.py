"""People saved by an older release, before and after the tables change."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests.support import factories
from tests.support.panel import PEOPLE, panel_client
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
MIGRATION = ("users", "0011_search_names")
REGISTERED_AT = datetime(2020, 1, 1, tzinfo=UTC)
#: What an older release writes: it does not know the newer columns.
INSERT = """
    INSERT INTO users_user (password, is_superuser, phone_number, username, referral_code, referrals_count,
                            session_epoch, is_active, is_staff, registered_at)
    VALUES ('!', %s, %s, %s, %s, 0, 0, %s, %s, '2020-01-01 00:00:00+00:00')
"""


def save_as_older_release(phone: str, *, username: str, referral_code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [False, phone, username, referral_code, True, False])


def migrate(targets: list[Any]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(targets)


@pytest.fixture
def older_tables() -> Iterator[None]:
    """The tables before the migration; afterwards all migrations are applied again."""
    graph = MigrationExecutor(connection).loader.graph
    migrate([parent.key for parent in graph.node_map[MIGRATION].parents])
    yield
    migrate(graph.leaf_nodes())


def found(term: str) -> list[str]:
    staff: Client = panel_client(factories.create_superuser())
    return [str(user.phone_number) for user in staff.get(PEOPLE, {"q": term}).context["cl"].result_list]


def test_people_saved_before_the_migration_are_found_and_have_not_changed_since(older_tables: None) -> None:
    for nth in range(2_500):  # several batches
        save_as_older_release(f"+7916{nth:07}", username=f"Ёлкина {nth}", referral_code=f"C{nth:05}")

    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())

    assert found("елкина 2499") == ["+79160002499"]
    changed = User.objects.get(phone_number="+79160002499")
    assert changed.updated_at == changed.registered_at
    assert not User.objects.filter(search_name=None).exists()
    ids = set(User.objects.exclude(is_superuser=True).values_list("public_id", flat=True))
    assert len(ids) == 2_500
    assert {each.version for each in ids} == {7}
    assert {each.int >> 80 for each in ids} == {int(REGISTERED_AT.timestamp() * 1_000)}


def test_the_older_release_saves_people_in_the_newer_tables() -> None:
    save_as_older_release("+79160000001", username="José", referral_code="CDFHJK")

    saved = User.objects.get(phone_number="+79160000001")
    assert saved.updated_at > saved.registered_at
    assert saved.public_id.version == 7
    assert abs((saved.public_id.int >> 80) / 1_000 - saved.updated_at.timestamp()) < 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite a migration is one transaction")
def test_a_migration_that_was_interrupted_before_it_was_recorded_is_repeated() -> None:
    save_as_older_release("+79160000001", username="José", referral_code="CDFHJK")
    names = ("0014_fill_public_ids", "0015_unique_public_id", "0016_unique_external_id", "0017_public_id_not_null")
    for name in names:
        MigrationRecorder(connection).record_unapplied("users", name)

    migrate([("users", names[-1])])

    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "users_user")
        nullable = {
            column.name: column.null_ok
            for column in connection.introspection.get_table_description(cursor, "users_user")
        }
    assert {("users", name) for name in names} <= MigrationRecorder(connection).applied_migrations().keys()
    assert found["user_public_id"]["unique"]
    assert found["user_external_id"]["unique"]
    assert not nullable["public_id"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one kind of index")
def test_only_what_is_searched_by_its_beginning_has_an_index_for_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tablename, indexname FROM pg_indexes WHERE indexdef LIKE '%pattern_ops%'
            AND (tablename LIKE 'users%' OR tablename IN ('knox_authtoken', 'django_session'))
            """
        )
        found = set(cursor.fetchall())

    assert found == {("users_user", "user_by_search_name"), ("users_user", "users_user_phone_number_aff54ffd_like")}
