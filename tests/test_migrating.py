"""`manage.py migrate` beside a service in use: no statement waits for a lock for long, and none is lost."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.test import override_settings

from tests.support.servers import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one lock and no such migrations"),
]
TABLE = "users_user"
WAITING = f"SELECT count(*) FROM pg_locks WHERE relation = '{TABLE}'::regclass AND NOT granted"


@contextmanager
def another_client() -> Iterator[Any]:
    client = psycopg2.connect(
        **connection.get_connection_params() | {"connection_factory": None, "cursor_factory": None}
    )
    try:
        yield client
    finally:
        client.close()


@contextmanager
def reader() -> Iterator[Any]:
    """A transaction that reads the table and goes on, as `pg_dump` does."""
    with another_client() as client:
        with client.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {TABLE}")
        yield client


@pytest.fixture
def back_to_the_newest() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


def add_column(*, atomic: bool) -> None:
    """Apply a migration that needs the table for itself, as `manage.py migrate` does."""
    graph = MigrationExecutor(connection).loader.project_state()
    migration = migrations.Migration("9999_trial", "users")
    migration.atomic = atomic
    migration.operations = [migrations.AddField("user", "trial", models.IntegerField(null=True))]
    with connection.schema_editor(atomic=migration.atomic) as editor:
        migration.apply(graph, editor)


@pytest.fixture
def trial_column() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TABLE} DROP COLUMN IF EXISTS trial")


def columns() -> set[str]:
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, TABLE)}


@override_settings(MIGRATION_LOCK_TIMEOUT_SECONDS=0.3)
def test_others_wait_for_a_migration_no_longer_than_its_limit(trial_column: None) -> None:
    outcome: list[str] = []

    def migrate() -> None:
        try:
            add_column(atomic=True)
        except OperationalError as refused:
            outcome.append(str(refused))
        finally:
            connection.close()

    with reader(), another_client() as inserting:
        thread = threading.Thread(target=migrate)
        thread.start()
        with inserting.cursor() as cursor:
            wait_until(lambda: _is_waiting(cursor))
            began = time.monotonic()
            cursor.execute(f"SELECT count(*) FROM {TABLE}")
            waited = time.monotonic() - began
        thread.join()

    assert waited < 2
    assert "lock timeout" in outcome[0]
    assert "trial" not in columns()


def _is_waiting(cursor: Any) -> bool:
    cursor.execute(WAITING)
    waiting = int(cursor.fetchone()[0])
    cursor.connection.rollback()
    return waiting > 0


@contextmanager
def released_after_a_refusal(client: Any) -> Iterator[None]:
    """End the client's transaction once a migration has waited for it and given up."""

    def release() -> None:
        with another_client() as watching, watching.cursor() as cursor:
            wait_until(lambda: _is_waiting(cursor))
            wait_until(lambda: not _is_waiting(cursor))
        client.rollback()

    thread = threading.Thread(target=release)
    thread.start()
    yield
    thread.join()


@override_settings(MIGRATION_LOCK_TIMEOUT_SECONDS=0.3)
def test_a_statement_outside_of_a_transaction_is_tried_again_until_the_table_is_free(trial_column: None) -> None:
    with reader() as client, released_after_a_refusal(client):
        add_column(atomic=False)

    assert "trial" in columns()


@override_settings(MIGRATION_LOCK_TIMEOUT_SECONDS=0.3)
def test_migrate_starts_a_transaction_again_that_got_no_lock(back_to_the_newest: None) -> None:
    call_command("migrate", "otp_static", "zero", verbosity=0)
    with another_client() as client, client.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {TABLE} IN ROW EXCLUSIVE MODE")  # as an UPDATE does
        with released_after_a_refusal(client):
            call_command("migrate", "otp_static", verbosity=0)  # refers to people

    assert "otp_static_staticdevice" in connection.introspection.table_names()


@override_settings(MIGRATION_LOCK_TIMEOUT_SECONDS=0.1, MIGRATION_PATIENCE_SECONDS=0)
def test_migrate_fails_and_changes_nothing_when_the_patience_is_over(trial_column: None) -> None:
    with reader(), pytest.raises(OperationalError, match="lock timeout"):
        add_column(atomic=False)

    assert "trial" not in columns()


def test_two_commands_at_once_migrate_one_after_the_other(back_to_the_newest: None) -> None:
    call_command("migrate", "axes", "zero", verbosity=0)
    said = [io.StringIO(), io.StringIO()]
    failures: list[Exception] = []

    def migrate(out: io.StringIO) -> None:
        try:
            call_command("migrate", "axes", stdout=out)
        except DatabaseError as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=migrate, args=(out,)) for out in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert sorted("No migrations to apply" in out.getvalue() for out in said) == [False, True]
