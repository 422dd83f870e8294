"""The statistics API: days, weeks and months in any time zone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import (
    api_client,
    create_superuser,
    create_user,
    phone_number,
    request_code,
    sign_up,
    wrong_code,
)
from tests.support.factories import service_client as a_service
from tests.support.statistics import STATISTICS, at, live_and_rolled_up, registrations, statistics
from users.models import Delivery, Referral, SignInAttempt

pytestmark = pytest.mark.django_db


@live_and_rolled_up
def test_counts_registrations_and_invited_users(service_client: APIClient, prepare: Callable[[], None]) -> None:
    inviter = create_user(registered_at=at("2026-03-02T10:00Z"))
    for day in (3, 3, 5):
        create_user(invited_by=inviter, registered_at=at(f"2026-03-0{day}T10:00Z"))
    Referral.objects.update(activated_at=at("2026-03-04T10:00Z"))
    prepare()

    result = statistics(service_client, from_="2026-03-01", to="2026-03-05")

    assert [step["registrations"] for step in result["steps"]] == [0, 1, 2, 0, 1]
    assert [step["activations"] for step in result["steps"]] == [0, 0, 0, 3, 0]
    assert (result["totals"]["registrations"], result["totals"]["activations"]) == (4, 3)
    assert result["activation_rate"] == 0.75
    assert result["all_time"]["registrations"] == 4


@live_and_rolled_up
def test_days_follow_the_requested_time_zone(service_client: APIClient, prepare: Callable[[], None]) -> None:
    for moment in ("2026-03-01T18:14:59Z", "2026-03-01T18:15:00Z", "2026-03-01T18:30:00Z", "2026-03-01T21:00:00Z"):
        create_user(registered_at=at(moment))
    prepare()
    days = {"from_": "2026-03-01", "to": "2026-03-02"}

    assert registrations(service_client, **days) == {"2026-03-01": 4}
    assert registrations(service_client, **days, time_zone="Europe/Moscow") == {"2026-03-01": 3, "2026-03-02": 1}
    assert registrations(service_client, **days, time_zone="Asia/Kolkata") == {"2026-03-01": 2, "2026-03-02": 2}
    assert registrations(service_client, **days, time_zone="Asia/Kathmandu") == {"2026-03-01": 1, "2026-03-02": 3}


@live_and_rolled_up
def test_days_of_a_clock_change_have_23_or_25_hours(service_client: APIClient, prepare: Callable[[], None]) -> None:
    hour = at("2026-03-28T00:00Z")
    while hour < at("2026-03-31T00:00Z"):
        create_user(registered_at=hour)
        hour += timedelta(hours=1)
    prepare()

    spring = registrations(service_client, from_="2026-03-29", to="2026-03-30", time_zone="Europe/Berlin")
    nowhere = registrations(service_client, from_="2026-03-29", to="2026-03-30", time_zone="Asia/Tokyo")

    assert spring == {"2026-03-29": 23, "2026-03-30": 24}
    assert nowhere == {"2026-03-29": 24, "2026-03-30": 24}


@live_and_rolled_up
def test_day_that_starts_at_1_am_is_complete(service_client: APIClient, prepare: Callable[[], None]) -> None:
    # In Beirut the clock jumps from 00:00 to 01:00; the 29th starts at 22:00 UTC.
    for moment in ("2026-03-28T21:59:59Z", "2026-03-28T22:00:00Z"):
        create_user(registered_at=at(moment))
    prepare()

    days = registrations(service_client, from_="2026-03-28", to="2026-03-29", time_zone="Asia/Beirut")

    assert days == {"2026-03-28": 1, "2026-03-29": 1}


def test_days_start_on_a_quarter_of_an_hour_in_every_time_zone_since_2000() -> None:
    days = [date(2000, 1, 1) + timedelta(days=9 * n) for n in range(4_000)]
    zones = [ZoneInfo(name) for name in available_timezones()]

    begins = {datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC) for zone in zones for day in days[::7]}

    assert {moment.minute % 15 for moment in begins} == {0}
    assert {moment.second for moment in begins} == {0}


@live_and_rolled_up
def test_weeks_start_on_monday_and_are_cut_at_the_period(
    service_client: APIClient, prepare: Callable[[], None]
) -> None:
    for day in range(1, 15):
        create_user(registered_at=at(f"2026-04-{day:02}T12:00Z"))
    prepare()

    steps = statistics(service_client, from_="2026-04-01", to="2026-04-14", step="week")["steps"]

    result = [(step["first_day"], step["last_day"], step["registrations"]) for step in steps]
    assert result == [
        ("2026-04-01", "2026-04-05", 5),
        ("2026-04-06", "2026-04-12", 7),
        ("2026-04-13", "2026-04-14", 2),
    ]


@live_and_rolled_up
def test_months_are_calendar_months(service_client: APIClient, prepare: Callable[[], None]) -> None:
    for moment in ("2024-01-31T23:59:59Z", "2024-02-29T00:00Z", "2024-03-01T00:00Z"):
        create_user(registered_at=at(moment))
    prepare()

    steps = statistics(service_client, from_="2024-01-15", to="2024-03-31", step="month")["steps"]

    result = [(step["first_day"], step["last_day"], step["registrations"]) for step in steps]
    assert result == [
        ("2024-01-15", "2024-01-31", 1),
        ("2024-02-01", "2024-02-29", 1),
        ("2024-03-01", "2024-03-31", 1),
    ]


def test_default_period_is_the_last_30_days(service_client: APIClient) -> None:
    create_user()

    result = statistics(service_client)

    today = datetime.now(UTC).date()
    assert (result["from"], result["to"]) == (str(today - timedelta(days=29)), str(today))
    assert (result["step"], result["time_zone"]) == ("day", "UTC")
    assert result["steps"][-1]["registrations"] == result["totals"]["registrations"] == 1


def test_empty_period_has_every_day_and_no_rates(service_client: APIClient) -> None:
    result = statistics(service_client, from_="2000-01-01", to="2000-01-31")

    assert len(result["steps"]) == 31
    assert set(result["totals"].values()) == {0}
    assert (result["delivery_rate"], result["sign_in_rate"], result["activation_rate"]) == (None, None, None)
    assert result["top_referrers"] == []


def test_lists_top_inviters_of_the_period(service_client: APIClient) -> None:
    first, second, earlier = (
        create_user(username="First"),
        create_user(username="Second"),
        create_user(username="Earlier"),
    )
    for inviter, times in ((second, 1), (first, 2), (earlier, 3)):
        for _ in range(times):
            create_user(invited_by=inviter)
    Referral.objects.filter(inviter=earlier).update(activated_at=at("2021-01-01T00:00Z"))

    result = statistics(service_client)["top_referrers"]

    assert [(one["username"], one["activations"]) for one in result] == [("First", 2), ("Second", 1)]
    assert result[0]["phone_number"] == str(first.phone_number)
    assert (result[0]["id"], result[0]["referral_code"]) == (str(first.public_id), first.referral_code)


@live_and_rolled_up
def test_counts_delivered_and_used_codes(
    service_client: APIClient, settings: Settings, prepare: Callable[[], None]
) -> None:
    first, second = phone_number(), phone_number()
    sign_up(APIClient(), first)
    request_code(APIClient(), second)
    settings.SMS_URL = "json://127.0.0.1:1/?:phone={phone}"  # a closed port
    assert APIClient().post("/api/registration/", {"phone_number": phone_number()}).status_code == 503
    SignInAttempt.objects.update(at=at("2026-03-02T10:00Z"))
    Delivery.objects.update(created_at=at("2026-03-02T10:00Z"))
    prepare()

    result = statistics(service_client, from_="2026-03-01", to="2026-03-02")

    assert [step["sign_ins"] for step in result["steps"]] == [0, 1]
    assert [step["codes_sent"] for step in result["steps"]] == [0, 3]
    assert (result["totals"]["codes_delivered"], result["totals"]["codes_failed"]) == (2, 1)
    assert result["delivery_rate"] == 0.6667
    assert result["sign_in_rate"] == 0.3333


def test_wrong_code_does_not_count_as_a_sign_in(service_client: APIClient) -> None:
    phone = phone_number()
    code = request_code(APIClient(), phone)
    APIClient().post("/api/login/", {"phone_number": phone, "confirmation_code": wrong_code(code)})

    assert statistics(service_client)["totals"]["sign_ins"] == 0


def test_expired_waiting_message_counts_as_failed(service_client: APIClient) -> None:
    request_code(APIClient(), phone_number())
    Delivery.objects.update(state="waiting", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    request_code(APIClient(), phone_number())
    Delivery.objects.filter(state="delivered").update(state="waiting")

    totals = statistics(service_client)["totals"]

    assert (totals["codes_sent"], totals["codes_delivered"], totals["codes_failed"]) == (2, 0, 1)


# Permissions and validation


def test_statistics_are_for_services_only() -> None:
    assert APIClient().get(STATISTICS).status_code == 401
    assert api_client(create_user()).get(STATISTICS).status_code == 403
    assert api_client(create_superuser()).get(STATISTICS).status_code == 403
    assert a_service("people:read").get(STATISTICS).status_code == 403
    assert a_service("statistics:read").get(STATISTICS).status_code == 200


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"from": "yesterday"}, "from", "invalid"),
        ({"from": ""}, "from", "blank"),
        ({"from": "2026-02-30"}, "from", "invalid"),
        ({"to": "2026-03-01T00:00"}, "to", "invalid"),
        ({"to": "\x00"}, "to", "invalid"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to", "period_invalid"),
        ({"from": "0001-01-01"}, "to", "period_invalid"),
        ({"to": "9999-12-31"}, "to", "period_invalid"),
        ({"to": "0001-01-01"}, "to", "period_invalid"),
        ({"from": "2000-01-01", "to": "2099-12-31"}, "step", "period_too_long"),
        ({"step": "hour"}, "step", "invalid_choice"),
        ({"step": ""}, "step", "blank"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "/etc/localtime"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "Europe"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "localtime"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "Factory"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "UTC'; DROP TABLE users_user; --"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "Z" * 65}, "time_zone", "max_length"),
        ({"unit": "day"}, "unit", "unknown_parameter"),
    ],
)
def test_invalid_input_is_rejected_with_a_reason(
    service_client: APIClient, query: dict[str, str], field: str, code: str
) -> None:
    answer = service_client.get(STATISTICS, query)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"][field]
    assert error["code"] == code
    assert error["detail"]


def test_a_century_by_months_is_accepted(service_client: APIClient) -> None:
    assert len(statistics(service_client, from_="2000-01-01", to="2099-12-31", step="month")["steps"]) == 1_200
