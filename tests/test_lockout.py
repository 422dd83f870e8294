"""Locks after wrong codes: unknown IPs are locked out of a number, known IPs are not (default settings)."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from tests.support.api import post_login, post_registration
from tests.support.factories import (
    api_client,
    create_staff,
    create_user,
    phone_number,
    request_code,
    sign_up,
    wrong_code,
)
from tests.support.panel import SIGN_IN_ATTEMPTS, panel_client
from users.models import User

pytestmark = pytest.mark.django_db

HOUR, DAY = 3_600, 86_400
HOME_IP, OTHER_IP = "198.51.100.1", "198.51.100.2"
STRANGER_IPS = [f"203.0.113.{nth}" for nth in range(1, 100)]


def guess(phone: str, address: str, clock: time_machine.Traveller, times: int = 1) -> None:
    """Enter wrong codes; request a new code after every five."""
    for nth in range(times):
        if nth % 5 == 0:
            clock.shift(60)
            code = request_code(APIClient(REMOTE_ADDR=address), phone)
        assert post_login(phone, wrong_code(code), client_ip=address).json()["code"] in (
            "confirmation_code_wrong",
            "confirmation_code_exhausted",
        )


def lock(phone: str, clock: time_machine.Traveller) -> None:
    """Lock a number for unknown IPs: 15 wrong codes from three IPs."""
    for stranger in STRANGER_IPS[:3]:
        guess(phone, stranger, clock, times=5)


def assert_locked(answer: Any, seconds: int) -> None:
    assert answer.status_code == 429
    assert answer.json()["code"] == "sign_in_locked"
    assert answer.json()["retry_after"] == int(answer["Retry-After"]) == seconds


def test_10_wrong_codes_lock_a_number_for_that_ip_only(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    guess(phone, STRANGER_IPS[0], clock, times=10)

    clock.shift(60)
    code = request_code(APIClient(REMOTE_ADDR=OTHER_IP), phone)

    assert_locked(post_login(phone, code, client_ip=STRANGER_IPS[0]), HOUR - 60)
    assert_locked(post_registration(phone, client_ip=STRANGER_IPS[0]), HOUR - 60)
    assert post_login(phone, code, client_ip=OTHER_IP).status_code == 200


def test_15_wrong_codes_from_any_ip_lock_a_number_for_unknown_ips(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    lock(phone, clock)

    assert_locked(post_registration(phone, client_ip=OTHER_IP), HOUR)
    assert_locked(post_login(phone, "0000", client_ip=OTHER_IP), HOUR)
    assert post_registration(phone_number(), client_ip=OTHER_IP).status_code == 202

    clock.shift(HOUR)
    assert (
        post_login(phone, request_code(APIClient(REMOTE_ADDR=OTHER_IP), phone), client_ip=OTHER_IP).status_code == 200
    )


def test_owner_signs_in_from_a_known_ip_during_a_lock(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    sign_up(APIClient(REMOTE_ADDR=HOME_IP), phone)
    lock(phone, clock)
    clock.shift(60)

    code = request_code(APIClient(REMOTE_ADDR=HOME_IP), phone)

    assert_locked(post_login(phone, code, client_ip=OTHER_IP), HOUR - 60)
    assert post_login(phone, code, client_ip=HOME_IP).status_code == 200


def test_ip_is_known_for_90_days(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    sign_up(APIClient(REMOTE_ADDR=HOME_IP), phone)
    clock.shift(90 * DAY)
    lock(phone, clock)

    assert_locked(post_registration(phone, client_ip=HOME_IP), HOUR)


def test_sessions_survive_a_lock(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    me = APIClient(HTTP_AUTHORIZATION=f"Token {sign_up(APIClient(REMOTE_ADDR=HOME_IP), phone)['token']}")
    lock(phone, clock)
    assert_locked(post_registration(phone, client_ip=OTHER_IP), HOUR)

    assert me.get("/api/profile/", REMOTE_ADDR=OTHER_IP).status_code == 200
    assert me.patch("/api/profile/", {"username": "Anna"}, REMOTE_ADDR=OTHER_IP).status_code == 200


def test_each_lock_doubles_up_to_a_week(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    lock(phone, clock)
    lasted = [post_registration(phone, client_ip=OTHER_IP).json()["retry_after"]]
    strangers = iter(STRANGER_IPS)
    while lasted[-1] < 7 * DAY:
        answer = post_registration(phone, client_ip=next(strangers))
        if answer.status_code != 202:
            clock.shift(answer.json()["retry_after"])
            continue
        code, stranger = answer.json()["confirmation_code"], next(strangers)
        while (refused := post_login(phone, wrong_code(code), client_ip=stranger).json())[
            "code"
        ] == "confirmation_code_wrong":
            pass
        if refused["code"] == "sign_in_locked":
            lasted.append(refused["retry_after"])

    assert lasted == [hours * HOUR for hours in (1, 2, 4, 8, 16, 32, 64, 128, 168)]


def test_lock_does_not_reveal_who_is_registered(clock: time_machine.Traveller) -> None:
    registered, unknown = str(create_user().phone_number), phone_number()
    for phone in (registered, unknown):
        lock(phone, clock)
        assert_locked(post_registration(phone, client_ip=OTHER_IP), HOUR)
        assert_locked(post_login(phone, "0000", client_ip=OTHER_IP), HOUR)


def test_sign_in_resets_wrong_codes_of_the_same_ip(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    for _ in range(4):
        guess(phone, HOME_IP, clock, times=4)
        clock.shift(60)
        sign_up(APIClient(REMOTE_ADDR=HOME_IP), phone)
        clock.shift(HOUR)

    assert post_registration(phone, client_ip=OTHER_IP).status_code == 202


def test_sign_in_does_not_reset_wrong_codes_of_other_ips(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    sign_up(APIClient(REMOTE_ADDR=HOME_IP), phone)
    for stranger in STRANGER_IPS[:2]:
        guess(phone, stranger, clock, times=5)
    clock.shift(60)
    sign_up(APIClient(REMOTE_ADDR=HOME_IP), phone)

    guess(phone, STRANGER_IPS[2], clock, times=5)

    assert_locked(post_registration(phone, client_ip=OTHER_IP), HOUR)


def test_single_ip_cannot_lock_a_number_for_others(clock: time_machine.Traveller) -> None:
    phone, stranger = phone_number(), STRANGER_IPS[0]
    for _ in range(60):
        refused = post_registration(phone, client_ip=stranger)
        if refused.status_code == 202:
            code = refused.json()["confirmation_code"]
            while (refused := post_login(phone, wrong_code(code), client_ip=stranger)).json()[
                "code"
            ] == "confirmation_code_wrong":
                pass
            clock.shift(60)
        else:
            clock.shift(refused.json()["retry_after"])
        assert post_registration(phone, client_ip=OTHER_IP).json().get("code") != "sign_in_locked"


def test_locked_user_can_be_erased(clock: time_machine.Traveller) -> None:
    anna = create_user()
    lock(str(anna.phone_number), clock)

    assert api_client(anna).delete("/api/profile/").status_code == 204

    assert not User.objects.filter(phone_number=anna.phone_number).exists()
    assert post_registration(str(anna.phone_number), client_ip=OTHER_IP).status_code == 202


def test_staff_unlock_a_number_by_deleting_its_attempts(clock: time_machine.Traveller, admin_client: Client) -> None:
    phone, other = phone_number(), phone_number()
    lock(phone, clock)
    lock(other, clock)

    listed = admin_client.get(SIGN_IN_ATTEMPTS, {"q": phone}).context["cl"].result_list
    assert {str(attempt.phone_number) for attempt in listed} == {phone}
    assert {attempt.succeeded for attempt in listed} == {False}
    ticked = {"action": "unlock", "_selected_action": [listed[0].pk]}
    assert "1 number is unlocked." in admin_client.post(SIGN_IN_ATTEMPTS, ticked, follow=True).content.decode()

    assert post_registration(phone, client_ip=OTHER_IP).status_code == 202
    assert_locked(post_registration(other, client_ip=OTHER_IP), HOUR)


def test_unlocking_requires_permission_to_change_users(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    lock(phone, clock)
    browser = panel_client(create_staff(permissions=["view_signinattempt"]))

    attempt = browser.get(SIGN_IN_ATTEMPTS).context["cl"].result_list[0]
    browser.post(SIGN_IN_ATTEMPTS, {"action": "unlock", "_selected_action": [attempt.pk]})

    assert post_registration(phone, client_ip=OTHER_IP).json()["code"] == "sign_in_locked"
