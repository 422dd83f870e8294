"""The clock jumps by an hour while people sign in: who waits is asked again at worst, and sessions and codes go on."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from referral_project.celery import app
from tests.support import pages
from tests.support.api import post_login, post_registration
from tests.support.factories import authorized_client, create_user, phone_number, request_code

HOUR = 3_600
pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("jump", [-HOUR, HOUR], ids=["back", "forward"])]


def test_who_asked_for_a_code_before_signs_in_with_it_or_with_the_next(
    clock: time_machine.Traveller, jump: int
) -> None:
    phone = phone_number()
    code = request_code(APIClient(), phone)

    clock.shift(jump)
    answer = post_login(phone, code)
    if jump > 0:
        assert answer.json()["code"] == "confirmation_code_expired"
        answer = post_login(phone, request_code(APIClient(), phone))

    assert answer.status_code == 200


def test_the_next_code_is_sent_after_the_usual_wait(clock: time_machine.Traveller, jump: int) -> None:
    phone = phone_number()
    request_code(APIClient(), phone)

    clock.shift(jump)
    clock.shift(60)
    answer = post_registration(phone)

    assert answer.status_code == 202
    assert post_login(phone, answer.json()["confirmation_code"]).status_code == 200


def test_who_signed_in_before_can_ask_for_a_code_at_once(clock: time_machine.Traveller, jump: int) -> None:
    phone = phone_number()
    post_login(phone, request_code(APIClient(), phone))

    clock.shift(jump)

    assert post_login(phone, request_code(APIClient(), phone)).status_code == 200


def test_a_jwt_session_goes_on(clock: time_machine.Traveller, jump: int) -> None:
    phone = phone_number()
    body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
    refresh = APIClient().post("/api/jwt/", body).json()["refresh"]

    for seconds in (jump, -jump):
        clock.shift(seconds)
        renewed = APIClient().post("/api/jwt/refresh/", {"refresh": refresh}).json()
        assert authorized_client(f"Bearer {renewed['access']}").get("/api/profile/").status_code == 200
        refresh = renewed["refresh"]


def test_a_token_goes_on(clock: time_machine.Traveller, jump: int) -> None:
    phone = phone_number()
    session = authorized_client(f"Token {post_login(phone, request_code(APIClient(), phone)).json()['token']}")

    clock.shift(jump)

    assert session.get("/api/profile/").status_code == 200


def test_a_browser_goes_on(clock: time_machine.Traveller, jump: int) -> None:
    browser = pages.signed_in_browser(create_user())

    clock.shift(jump)

    assert browser.get("/profile/").status_code == 200


def test_a_browser_between_number_and_code_signs_in(clock: time_machine.Traveller, jump: int) -> None:
    browser, phone = Client(), phone_number()
    code = pages.request_code(browser, phone)

    clock.shift(jump)
    if jump > 0:
        code = pages.request_code(browser, phone)
    answer = browser.post("/sign-in/code/", {"confirmation_code": code})

    assert answer.headers["Location"] == "/profile/"


def test_the_scheduler_goes_on(clock: time_machine.Traveller, jump: int) -> None:
    schedule = app.conf.beat_schedule["messages"]["schedule"]
    last_run = timezone.now()

    clock.shift(jump)
    answers = [schedule.is_due(last_run)]
    clock.shift(5)
    answers.append(schedule.is_due(timezone.now() - timedelta(seconds=5)))

    assert answers[0].next <= 5
    assert answers[1].is_due
