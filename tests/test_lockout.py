"""Wrong codes over days: strangers are locked out of a number, its owner is not; the numbers are the defaults."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from tests.support.factories import ask_for_code, person, phone_number, sign_up, signed_in, staff, wrong
from tests.support.panel import browser_of
from users.models import User

pytestmark = pytest.mark.django_db

HOUR, DAY = 3_600, 86_400
ATTEMPTS = "/admin/users/signinattempt/"
HOME, ROAD = "198.51.100.1", "198.51.100.2"
STRANGERS = [f"203.0.113.{nth}" for nth in range(1, 100)]


def login(phone: str, code: str, address: str) -> Any:
    body = {"phone_number": phone, "confirmation_code": code}
    return APIClient().post("/api/login/", body, REMOTE_ADDR=address)


def guess(phone: str, address: str, clock: time_machine.Traveller, times: int = 1) -> None:
    """Enter wrong codes, with a fresh code for every five."""
    for nth in range(times):
        if nth % 5 == 0:
            clock.shift(60)
            code = ask_for_code(APIClient(REMOTE_ADDR=address), phone)
        assert login(phone, wrong(code), address).json()["code"] in (
            "confirmation_code_wrong",
            "confirmation_code_exhausted",
        )


def lock(phone: str, clock: time_machine.Traveller) -> None:
    """Use up what a number may suffer in a day: fifteen wrong codes, from three addresses."""
    for stranger in STRANGERS[:3]:
        guess(phone, stranger, clock, times=5)


def assert_locked(answer: Any, seconds: int) -> None:
    assert answer.status_code == 429
    assert answer.json()["code"] == "sign_in_locked"
    assert answer.json()["retry_after"] == int(answer["Retry-After"]) == seconds


def ask(phone: str, address: str) -> Any:
    return APIClient().post("/api/registration/", {"phone_number": phone}, REMOTE_ADDR=address)


def test_ten_wrong_codes_lock_a_number_for_that_address_only(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    guess(phone, STRANGERS[0], clock, times=10)

    clock.shift(60)
    code = ask_for_code(APIClient(REMOTE_ADDR=ROAD), phone)

    assert_locked(login(phone, code, STRANGERS[0]), HOUR - 60)
    assert_locked(ask(phone, STRANGERS[0]), HOUR - 60)
    assert login(phone, code, ROAD).status_code == 200


def test_fifteen_wrong_codes_from_wherever_lock_a_number_for_strangers(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    lock(phone, clock)

    assert_locked(ask(phone, ROAD), HOUR)
    assert_locked(login(phone, "0000", ROAD), HOUR)
    assert ask(phone_number(), ROAD).status_code == 202

    clock.shift(HOUR)
    assert login(phone, ask_for_code(APIClient(REMOTE_ADDR=ROAD), phone), ROAD).status_code == 200


def test_the_owner_signs_in_where_they_are_known_however_long_strangers_try(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    sign_up(APIClient(REMOTE_ADDR=HOME), phone)
    lock(phone, clock)
    clock.shift(60)

    code = ask_for_code(APIClient(REMOTE_ADDR=HOME), phone)

    assert_locked(login(phone, code, ROAD), HOUR - 60)
    assert login(phone, code, HOME).status_code == 200


def test_an_address_is_known_for_ninety_days(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    sign_up(APIClient(REMOTE_ADDR=HOME), phone)
    clock.shift(90 * DAY)
    lock(phone, clock)

    assert_locked(ask(phone, HOME), HOUR)


def test_the_sessions_of_a_locked_number_go_on(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    me = APIClient(HTTP_AUTHORIZATION=f"Token {sign_up(APIClient(REMOTE_ADDR=HOME), phone)['token']}")
    lock(phone, clock)
    assert_locked(ask(phone, ROAD), HOUR)

    assert me.get("/api/profile/", REMOTE_ADDR=ROAD).status_code == 200
    assert me.patch("/api/profile/", {"username": "Anna"}, REMOTE_ADDR=ROAD).status_code == 200


def test_each_further_lock_lasts_twice_as_long_and_a_week_at_most(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    lock(phone, clock)
    lasted = [ask(phone, ROAD).json()["retry_after"]]
    strangers = iter(STRANGERS)
    while lasted[-1] < 7 * DAY:
        answer = ask(phone, next(strangers))
        if answer.status_code != 202:
            clock.shift(answer.json()["retry_after"])
            continue
        code, stranger = answer.json()["confirmation_code"], next(strangers)
        while (refused := login(phone, wrong(code), stranger).json())["code"] == "confirmation_code_wrong":
            pass
        if refused["code"] == "sign_in_locked":
            lasted.append(refused["retry_after"])

    assert lasted == [hours * HOUR for hours in (1, 2, 4, 8, 16, 32, 64, 128, 168)]


def test_a_lock_does_not_tell_who_is_registered(clock: time_machine.Traveller) -> None:
    registered, unknown = str(person().phone_number), phone_number()
    for phone in (registered, unknown):
        lock(phone, clock)
        assert_locked(ask(phone, ROAD), HOUR)
        assert_locked(login(phone, "0000", ROAD), HOUR)


def test_signing_in_forgives_the_typing_errors_made_there(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    for _ in range(4):
        guess(phone, HOME, clock, times=4)
        clock.shift(60)
        sign_up(APIClient(REMOTE_ADDR=HOME), phone)
        clock.shift(HOUR)

    assert ask(phone, ROAD).status_code == 202


def test_signing_in_does_not_forgive_what_strangers_did(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    sign_up(APIClient(REMOTE_ADDR=HOME), phone)
    for stranger in STRANGERS[:2]:
        guess(phone, stranger, clock, times=5)
    clock.shift(60)
    sign_up(APIClient(REMOTE_ADDR=HOME), phone)

    guess(phone, STRANGERS[2], clock, times=5)

    assert_locked(ask(phone, ROAD), HOUR)


def test_a_stranger_with_one_address_never_locks_a_number(clock: time_machine.Traveller) -> None:
    phone, stranger = phone_number(), STRANGERS[0]
    for _ in range(60):
        refused = ask(phone, stranger)
        if refused.status_code == 202:
            code = refused.json()["confirmation_code"]
            while (refused := login(phone, wrong(code), stranger)).json()["code"] == "confirmation_code_wrong":
                pass
            clock.shift(60)
        else:
            clock.shift(refused.json()["retry_after"])
        assert ask(phone, ROAD).json().get("code") != "sign_in_locked"


def test_a_locked_number_can_be_erased_and_leaves_no_trace(clock: time_machine.Traveller) -> None:
    anna = person()
    lock(str(anna.phone_number), clock)

    assert signed_in(anna).delete("/api/profile/").status_code == 204

    assert not User.objects.filter(phone_number=anna.phone_number).exists()
    assert ask(str(anna.phone_number), ROAD).status_code == 202


def test_staff_find_the_tries_for_a_number_and_unlock_it(clock: time_machine.Traveller, boss: Client) -> None:
    phone, other = phone_number(), phone_number()
    lock(phone, clock)
    lock(other, clock)

    listed = boss.get(ATTEMPTS, {"q": phone}).context["cl"].result_list
    assert {str(attempt.phone_number) for attempt in listed} == {phone}
    assert {attempt.succeeded for attempt in listed} == {False}
    ticked = {"action": "unlock", "_selected_action": [listed[0].pk]}
    assert "1 number is unlocked." in boss.post(ATTEMPTS, ticked, follow=True).content.decode()

    assert ask(phone, ROAD).status_code == 202
    assert_locked(ask(other, ROAD), HOUR)


def test_staff_without_the_right_to_change_people_can_not_unlock_anybody(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    lock(phone, clock)
    browser = browser_of(staff(permissions=["view_signinattempt"]))

    attempt = browser.get(ATTEMPTS).context["cl"].result_list[0]
    browser.post(ATTEMPTS, {"action": "unlock", "_selected_action": [attempt.pk]})

    assert ask(phone, ROAD).json()["code"] == "sign_in_locked"
