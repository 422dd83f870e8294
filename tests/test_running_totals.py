"""Running totals of the statistics: exact at any time and kept after the rows are deleted."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import create_superuser, create_user, phone_number, sign_up
from tests.support.panel import panel_client
from tests.support.queries import count_queries, plan_for_large_tables
from tests.support.scheduler import run_scheduled
from tests.support.statistics import STATISTICS, at, live_and_rolled_up, registrations, roll_up, statistics
from users.models import Delivery, Referral, RunningTotals, SignInAttempt, User
from users.people.erasure import erase

pytestmark = pytest.mark.django_db
#: A table scan in the plans of PostgreSQL and SQLite.
#: There are 20 webhooks at most.
SCAN_OF_A_TABLE = r"Seq Scan on users_(?!webhook\b)|SCAN users_(?!webhook\b)\w+\b(?! USING)"


@live_and_rolled_up
def test_erased_users_still_count(service_client: APIClient, prepare: Callable[[], None]) -> None:
    inviter = create_user(registered_at=at("2026-03-02T10:07Z"))
    invited = create_user(invited_by=inviter, registered_at=at("2026-03-02T10:16Z"))
    sign_up(APIClient(), str(inviter.phone_number))
    SignInAttempt.objects.update(at=at("2026-03-02T10:16Z"))
    Delivery.objects.update(created_at=at("2026-03-02T10:16Z"))
    Referral.objects.update(activated_at=at("2026-03-02T10:16Z"))
    before = statistics(service_client, from_="2026-03-02", to="2026-03-02")
    prepare()

    erase(user=inviter)
    erase(user=invited)

    after = statistics(service_client, from_="2026-03-02", to="2026-03-02")
    assert [*before["totals"].values()] == [*after["totals"].values()] == [2, 1, 1, 1, 1, 0]
    assert after["top_referrers"] == []
    assert not SignInAttempt.objects.exclude(phone_number="", address="").exists()


def test_totals_survive_the_counted_rows(service_client: APIClient) -> None:
    for _ in range(3):
        create_user(registered_at=at("2026-03-02T10:00Z"))
    roll_up()

    User.objects.filter(is_staff=False).delete()

    assert registrations(service_client, from_="2026-03-01", to="2026-03-03") == {"2026-03-02": 3}


def test_rows_are_counted_before_they_are_purged(service_client: APIClient, settings: Settings) -> None:
    settings.PERSONAL_DATA_MESSAGES_DAYS = settings.KNOWN_ADDRESS_DAYS = 1
    sign_up(APIClient(), phone_number())
    Delivery.objects.update(created_at=at("2026-03-02T10:00Z"), expires_at=at("2026-03-02T10:05Z"))
    SignInAttempt.objects.update(at=at("2026-03-02T10:00Z"))

    call_command("purge")

    assert not Delivery.objects.exists()
    assert not SignInAttempt.objects.exists()
    totals = statistics(service_client, from_="2026-03-01", to="2026-03-03")["totals"]
    assert (totals["codes_delivered"], totals["sign_ins"]) == (1, 1)


def test_roll_up_is_scheduled(service_client: APIClient) -> None:
    create_user(registered_at=at("2026-03-02T10:00Z"))

    run_scheduled("statistics")
    User.objects.filter(is_staff=False).delete()

    assert registrations(service_client, from_="2026-03-01", to="2026-03-03") == {"2026-03-02": 1}


def test_repeated_roll_up_changes_nothing(service_client: APIClient) -> None:
    create_user(registered_at=at("2026-03-02T10:00Z"))
    roll_up()
    kept = list(RunningTotals.objects.values())

    roll_up()

    again = list(RunningTotals.objects.values())
    assert again[: len(kept)] == kept
    assert len(again) - len(kept) <= 1  # a new quarter of an hour may have started


def test_events_after_the_last_roll_up_are_counted(service_client: APIClient) -> None:
    create_user(registered_at=datetime.now(UTC) - timedelta(days=3))
    roll_up()
    now = datetime.now(UTC)
    for moment in (now - timedelta(minutes=50), now):
        create_user(registered_at=moment)

    assert statistics(service_client)["totals"]["registrations"] == 3

    roll_up()
    assert statistics(service_client)["totals"]["registrations"] == 3


def test_roll_up_since_a_day_recounts_later_additions(service_client: APIClient) -> None:
    create_user(registered_at=at("2026-03-02T10:00Z"))
    roll_up()
    create_user(registered_at=at("2026-03-03T10:00Z"))

    call_command("roll_up_statistics", since="2026-03-03")

    result = registrations(service_client, from_="2026-03-01", to="2026-03-04")
    assert result == {"2026-03-02": 1, "2026-03-03": 1}


@pytest.mark.parametrize("is_rolled_up", [False, True])
def test_the_number_of_queries_is_constant(service_client: APIClient, is_rolled_up: bool) -> None:
    def queries_with(people: int) -> int:
        inviter = create_user(registered_at=at("2026-01-01T00:00Z"))
        for day in range(people):
            create_user(invited_by=inviter, registered_at=at("2026-01-01T00:00Z") + timedelta(days=day))
        if is_rolled_up:
            call_command("roll_up_statistics", since="2020-01-01")
        return count_queries(lambda: statistics(service_client, from_="2020-01-01"))

    statistics(service_client)  # writes when the key was used
    assert queries_with(2) == queries_with(40) <= 12


@pytest.mark.parametrize("path", [STATISTICS, "/admin/"])
def test_every_statement_uses_an_index(service_client: APIClient, path: str) -> None:
    anna = create_superuser()
    create_user(invited_by=anna)
    sign_up(APIClient(), phone_number())
    roll_up()
    reader = service_client if path == STATISTICS else panel_client(anna)
    with CaptureQueriesContext(connection) as asked:
        assert reader.get(path).status_code == 200

    plans = [
        plan_for_large_tables(query["sql"])
        for query in asked
        if "users_" in query["sql"] and query["sql"].startswith("SELECT")
    ]

    assert len(plans) >= 7
    assert [plan for plan in plans if re.search(SCAN_OF_A_TABLE, plan)] == []
