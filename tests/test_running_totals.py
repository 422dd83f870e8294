"""The totals that the statistics are made of: exact at any moment, and kept when what they count is gone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import invited_by, person, phone_number, sign_up, signed_in, staff, superuser
from tests.support.panel import browser_of
from tests.support.scheduler import run_scheduled
from tests.support.statistics import STATISTICS, at, either_way, registrations, rolled_up, statistics
from users.models import Delivery, Referral, RunningTotals, SignInAttempt, User
from users.people.erasure import erase

pytestmark = pytest.mark.django_db
#: As PostgreSQL and SQLite write it into a plan.
SCAN_OF_A_TABLE = r"Seq Scan on users_|SCAN users_\w+\b(?! USING)"


def plan_of(sql: str) -> str:
    """How the database would find the rows if the tables were large."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + sql)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.fixture
def office() -> APIClient:
    """Staff who came long before whatever is counted."""
    return signed_in(staff(registered_at=at("2026-01-01T00:00Z")))


@either_way
def test_erased_people_still_count(office: APIClient, prepare: Callable[[], None]) -> None:
    inviter = person(registered_at=at("2026-03-02T10:07Z"))
    invited = invited_by(inviter, registered_at=at("2026-03-02T10:16Z"))
    sign_up(APIClient(), str(inviter.phone_number))
    SignInAttempt.objects.update(at=at("2026-03-02T10:16Z"))
    Delivery.objects.update(created_at=at("2026-03-02T10:16Z"))
    Referral.objects.update(activated_at=at("2026-03-02T10:16Z"))
    before = statistics(office, from_="2026-03-02", to="2026-03-02")
    prepare()

    erase(user=inviter)
    erase(user=invited)

    after = statistics(office, from_="2026-03-02", to="2026-03-02")
    assert [*before["totals"].values()] == [*after["totals"].values()] == [2, 1, 1, 1, 1, 0]
    assert after["top_referrers"] == []
    assert not SignInAttempt.objects.exclude(phone_number="", address="").exists()


def test_totals_survive_the_rows_that_they_count(office: APIClient) -> None:
    for _ in range(3):
        person(registered_at=at("2026-03-02T10:00Z"))
    rolled_up()

    User.objects.filter(is_staff=False).delete()

    assert registrations(office, from_="2026-03-01", to="2026-03-03") == {"2026-03-02": 3}


def test_what_is_purged_is_counted_before(office: APIClient, settings: Settings) -> None:
    settings.PERSONAL_DATA_MESSAGES_DAYS = settings.KNOWN_ADDRESS_DAYS = 1
    sign_up(APIClient(), phone_number())
    Delivery.objects.update(created_at=at("2026-03-02T10:00Z"), expires_at=at("2026-03-02T10:05Z"))
    SignInAttempt.objects.update(at=at("2026-03-02T10:00Z"))

    call_command("purge")

    assert not Delivery.objects.exists()
    assert not SignInAttempt.objects.exists()
    totals = statistics(office, from_="2026-03-01", to="2026-03-03")["totals"]
    assert (totals["codes_delivered"], totals["sign_ins"]) == (1, 1)


def test_the_scheduler_rolls_up(office: APIClient) -> None:
    person(registered_at=at("2026-03-02T10:00Z"))

    run_scheduled("statistics")
    User.objects.filter(is_staff=False).delete()

    assert registrations(office, from_="2026-03-01", to="2026-03-03") == {"2026-03-02": 1}


def test_rolling_up_once_more_changes_nothing(office: APIClient) -> None:
    person(registered_at=at("2026-03-02T10:00Z"))
    rolled_up()
    kept = list(RunningTotals.objects.values())

    rolled_up()

    again = list(RunningTotals.objects.values())
    assert again[: len(kept)] == kept
    assert len(again) - len(kept) <= 1  # a quarter of an hour may have passed


def test_what_came_after_the_last_roll_up_counts_at_once(office: APIClient) -> None:
    person(registered_at=datetime.now(UTC) - timedelta(days=3))
    rolled_up()
    now = datetime.now(UTC)
    for moment in (now - timedelta(minutes=50), now):
        person(registered_at=moment)

    assert statistics(office)["totals"]["registrations"] == 3

    rolled_up()
    assert statistics(office)["totals"]["registrations"] == 3


def test_rolling_up_again_since_a_day_counts_what_was_added_to_the_past(office: APIClient) -> None:
    person(registered_at=at("2026-03-02T10:00Z"))
    rolled_up()
    person(registered_at=at("2026-03-03T10:00Z"))

    call_command("roll_up_statistics", since="2026-03-03")

    told = registrations(office, from_="2026-03-01", to="2026-03-04")
    assert told == {"2026-03-02": 1, "2026-03-03": 1}


@pytest.mark.parametrize("is_rolled_up", [False, True])
def test_the_number_of_queries_is_constant(office: APIClient, is_rolled_up: bool) -> None:
    def queries_with(people: int) -> int:
        inviter = person(registered_at=at("2026-01-01T00:00Z"))
        for day in range(people):
            invited_by(inviter, registered_at=at("2026-01-01T00:00Z") + timedelta(days=day))
        if is_rolled_up:
            call_command("roll_up_statistics", since="2020-01-01")
        with CaptureQueriesContext(connection) as queries:
            statistics(office, from_="2020-01-01")
        return len(queries)

    assert queries_with(2) == queries_with(40) <= 12


@pytest.mark.parametrize("path", [STATISTICS, "/admin/"])
def test_every_table_is_read_through_an_index(path: str) -> None:
    anna = superuser()
    invited_by(anna)
    sign_up(APIClient(), phone_number())
    rolled_up()
    reader = signed_in(anna) if path == STATISTICS else browser_of(anna)
    with CaptureQueriesContext(connection) as asked:
        assert reader.get(path).status_code == 200

    plans = [plan_of(query["sql"]) for query in asked if "users_" in query["sql"] and query["sql"].startswith("SELECT")]

    assert len(plans) >= 7
    assert [plan for plan in plans if re.search(SCAN_OF_A_TABLE, plan)] == []
