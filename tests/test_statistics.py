"""What staff learn of how the service is used: over HTTP, by days, weeks and months of any place."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import ask_for_code, invited_by, person, phone_number, sign_up, signed_in, staff, wrong
from tests.support.statistics import STATISTICS, at, either_way, registrations, statistics
from users.models import Delivery, Referral, SignInAttempt

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> APIClient:
    """Staff who came long before whatever is counted."""
    return signed_in(staff(registered_at=at("2026-01-01T00:00Z")))


@either_way
def test_tells_how_many_came_and_how_many_of_them_were_invited(office: APIClient, prepare: Callable[[], None]) -> None:
    inviter = person(registered_at=at("2026-03-02T10:00Z"))
    for day in (3, 3, 5):
        invited_by(inviter, registered_at=at(f"2026-03-0{day}T10:00Z"))
    Referral.objects.update(activated_at=at("2026-03-04T10:00Z"))
    prepare()

    told = statistics(office, from_="2026-03-01", to="2026-03-05")

    assert [step["registrations"] for step in told["steps"]] == [0, 1, 2, 0, 1]
    assert [step["activations"] for step in told["steps"]] == [0, 0, 0, 3, 0]
    assert (told["totals"]["registrations"], told["totals"]["activations"]) == (4, 3)
    assert told["activation_rate"] == 0.75
    assert told["all_time"]["registrations"] == 5


@either_way
def test_a_day_is_a_day_of_the_place_asked_for(office: APIClient, prepare: Callable[[], None]) -> None:
    for moment in ("2026-03-01T18:14:59Z", "2026-03-01T18:15:00Z", "2026-03-01T18:30:00Z", "2026-03-01T21:00:00Z"):
        person(registered_at=at(moment))
    prepare()
    days = {"from_": "2026-03-01", "to": "2026-03-02"}

    assert registrations(office, **days) == {"2026-03-01": 4}
    assert registrations(office, **days, time_zone="Europe/Moscow") == {"2026-03-01": 3, "2026-03-02": 1}
    assert registrations(office, **days, time_zone="Asia/Kolkata") == {"2026-03-01": 2, "2026-03-02": 2}
    assert registrations(office, **days, time_zone="Asia/Kathmandu") == {"2026-03-01": 1, "2026-03-02": 3}


@either_way
def test_a_day_on_which_clocks_change_has_23_or_25_hours(office: APIClient, prepare: Callable[[], None]) -> None:
    hour = at("2026-03-28T00:00Z")
    while hour < at("2026-03-31T00:00Z"):
        person(registered_at=hour)
        hour += timedelta(hours=1)
    prepare()

    spring = registrations(office, from_="2026-03-29", to="2026-03-30", time_zone="Europe/Berlin")
    nowhere = registrations(office, from_="2026-03-29", to="2026-03-30", time_zone="Asia/Tokyo")

    assert spring == {"2026-03-29": 23, "2026-03-30": 24}
    assert nowhere == {"2026-03-29": 24, "2026-03-30": 24}


@either_way
def test_a_day_that_begins_at_one_in_the_morning_is_whole(office: APIClient, prepare: Callable[[], None]) -> None:
    # In Beirut clocks go from midnight to one o'clock: 22:00 UTC is the first moment of the 29th.
    for moment in ("2026-03-28T21:59:59Z", "2026-03-28T22:00:00Z"):
        person(registered_at=at(moment))
    prepare()

    days = registrations(office, from_="2026-03-28", to="2026-03-29", time_zone="Asia/Beirut")

    assert days == {"2026-03-28": 1, "2026-03-29": 1}


def test_in_every_time_zone_of_this_century_a_day_begins_on_a_quarter_of_an_hour() -> None:
    days = [date(2000, 1, 1) + timedelta(days=9 * n) for n in range(4_000)]
    zones = [ZoneInfo(name) for name in available_timezones()]

    begins = {datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC) for zone in zones for day in days[::7]}

    assert {moment.minute % 15 for moment in begins} == {0}
    assert {moment.second for moment in begins} == {0}


@either_way
def test_weeks_begin_on_monday_and_a_period_cuts_them_off(office: APIClient, prepare: Callable[[], None]) -> None:
    for day in range(1, 15):
        person(registered_at=at(f"2026-04-{day:02}T12:00Z"))
    prepare()

    steps = statistics(office, from_="2026-04-01", to="2026-04-14", step="week")["steps"]

    told = [(step["first_day"], step["last_day"], step["registrations"]) for step in steps]
    assert told == [
        ("2026-04-01", "2026-04-05", 5),
        ("2026-04-06", "2026-04-12", 7),
        ("2026-04-13", "2026-04-14", 2),
    ]


@either_way
def test_months_are_those_of_the_calendar(office: APIClient, prepare: Callable[[], None]) -> None:
    for moment in ("2024-01-31T23:59:59Z", "2024-02-29T00:00Z", "2024-03-01T00:00Z"):
        person(registered_at=at(moment))
    prepare()

    steps = statistics(office, from_="2024-01-15", to="2024-03-31", step="month")["steps"]

    told = [(step["first_day"], step["last_day"], step["registrations"]) for step in steps]
    assert told == [
        ("2024-01-15", "2024-01-31", 1),
        ("2024-02-01", "2024-02-29", 1),
        ("2024-03-01", "2024-03-31", 1),
    ]


def test_without_a_period_it_tells_of_the_last_thirty_days(office: APIClient) -> None:
    person()

    told = statistics(office)

    today = datetime.now(UTC).date()
    assert (told["from"], told["to"]) == (str(today - timedelta(days=29)), str(today))
    assert (told["step"], told["time_zone"]) == ("day", "UTC")
    assert told["steps"][-1]["registrations"] == told["totals"]["registrations"] == 1


def test_a_period_in_which_nothing_happened_has_every_day_and_no_rates(office: APIClient) -> None:
    told = statistics(office, from_="2000-01-01", to="2000-01-31")

    assert len(told["steps"]) == 31
    assert set(told["totals"].values()) == {0}
    assert (told["delivery_rate"], told["sign_in_rate"], told["activation_rate"]) == (None, None, None)
    assert told["top_referrers"] == []


def test_names_those_with_whom_most_people_came_in_the_period(office: APIClient) -> None:
    first, second, earlier = person(username="First"), person(username="Second"), person(username="Earlier")
    for inviter, times in ((second, 1), (first, 2), (earlier, 3)):
        for _ in range(times):
            invited_by(inviter)
    Referral.objects.filter(inviter=earlier).update(activated_at=at("2021-01-01T00:00Z"))

    told = statistics(office)["top_referrers"]

    assert [(one["username"], one["activations"]) for one in told] == [("First", 2), ("Second", 1)]
    assert told[0]["phone_number"] == str(first.phone_number)
    assert (told[0]["id"], told[0]["referral_code"]) == (first.pk, first.referral_code)


@either_way
def test_tells_how_many_codes_arrived_and_how_many_of_them_were_used(
    office: APIClient, settings: Settings, prepare: Callable[[], None]
) -> None:
    first, second = phone_number(), phone_number()
    sign_up(APIClient(), first)
    ask_for_code(APIClient(), second)
    settings.SMS_URL = "json://127.0.0.1:1/?:phone={phone}"  # where nobody listens
    assert APIClient().post("/api/registration/", {"phone_number": phone_number()}).status_code == 503
    SignInAttempt.objects.update(at=at("2026-03-02T10:00Z"))
    Delivery.objects.update(created_at=at("2026-03-02T10:00Z"))
    prepare()

    told = statistics(office, from_="2026-03-01", to="2026-03-02")

    assert [step["sign_ins"] for step in told["steps"]] == [0, 1]
    assert [step["codes_sent"] for step in told["steps"]] == [0, 3]
    assert (told["totals"]["codes_delivered"], told["totals"]["codes_failed"]) == (2, 1)
    assert told["delivery_rate"] == 0.6667
    assert told["sign_in_rate"] == 0.3333


def test_a_wrong_code_is_no_sign_in(office: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(APIClient(), phone)
    APIClient().post("/api/login/", {"phone_number": phone, "confirmation_code": wrong(code)})

    assert statistics(office)["totals"]["sign_ins"] == 0


def test_a_message_that_nobody_took_in_time_has_failed(office: APIClient) -> None:
    ask_for_code(APIClient(), phone_number())
    Delivery.objects.update(state="waiting", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    ask_for_code(APIClient(), phone_number())
    Delivery.objects.filter(state="delivered").update(state="waiting")

    totals = statistics(office)["totals"]

    assert (totals["codes_sent"], totals["codes_delivered"], totals["codes_failed"]) == (2, 0, 1)


# Who may ask, and for what


def test_nobody_but_staff_may_ask() -> None:
    assert APIClient().get(STATISTICS).status_code == 401
    assert signed_in(person()).get(STATISTICS).status_code == 403
    assert signed_in(staff(permissions=())).get(STATISTICS).status_code == 403
    assert signed_in(staff()).get(STATISTICS).status_code == 200


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"from": "yesterday"}, "from", "invalid"),
        ({"from": ""}, "from", "invalid"),
        ({"from": "2026-02-30"}, "from", "invalid"),
        ({"to": "2026-03-01T00:00"}, "to", "invalid"),
        ({"to": "\x00"}, "to", "invalid"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to", "period_invalid"),
        ({"from": "0001-01-01"}, "to", "period_invalid"),
        ({"to": "9999-12-31"}, "to", "period_invalid"),
        ({"to": "0001-01-01"}, "to", "period_invalid"),
        ({"from": "2000-01-01", "to": "2099-12-31"}, "step", "period_too_long"),
        ({"step": "hour"}, "step", "invalid_choice"),
        ({"step": ""}, "step", "invalid_choice"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "/etc/localtime"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "Europe"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "UTC'; DROP TABLE users_user; --"}, "time_zone", "time_zone_unknown"),
        ({"time_zone": "Z" * 65}, "time_zone", "max_length"),
        ({"unit": "day"}, "unit", "unknown_field"),
    ],
)
def test_bad_input_gets_a_clear_answer(office: APIClient, query: dict[str, str], field: str, code: str) -> None:
    answer = office.get(STATISTICS, query)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"][field]
    assert error["code"] == code
    assert error["detail"]


def test_months_of_a_whole_century_are_not_too_many(office: APIClient) -> None:
    assert len(statistics(office, from_="2000-01-01", to="2099-12-31", step="month")["steps"]) == 1_200
