"""Guessing over all numbers and all addresses: longer codes while it goes on, and owners who are not shut out by it."""

import itertools
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.api import post_login, post_registration
from tests.support.factories import phone_number, sign_up, wrong_code
from tests.support.metrics import scrape_metrics
from users.models import Delivery

pytestmark = pytest.mark.django_db

HOME, ELSEWHERE = "198.51.100.20", "198.51.100.21"
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@pytest.fixture(autouse=True)
def few_wrong_tries(settings: Settings) -> None:
    """Limits that are quickly used up: strangers have 12 wrong tries, then 24 with longer codes."""
    settings.LIMIT_WRONG_TRIES, settings.LIMIT_WRONG_TRIES_UNDER_ATTACK = "16/day", "32/day"


@pytest.fixture
def botnet() -> Any:
    """Addresses that were never seen before."""
    return (f"203.0.{third}.{fourth}" for third, fourth in itertools.product(range(113, 200), range(1, 255)))


def guess(botnet: Any, *, tries: int) -> list[str]:
    """Enter wrong codes, five for each of many numbers, from a new address each time; return the answers."""
    answers = []
    while len(answers) < tries:
        phone = phone_number()
        code = post_registration(phone, client_ip=next(botnet)).json()["confirmation_code"]
        made = [
            post_login(phone, wrong_code(code), client_ip=next(botnet)) for _ in range(min(5, tries - len(answers)))
        ]
        answers += [answer.json()["code"] for answer in made]
    return answers


def is_compared(answer: str) -> bool:
    return answer in ("confirmation_code_wrong", "confirmation_code_exhausted")


def test_codes_are_longer_while_wrong_ones_are_entered_everywhere(clock: time_machine.Traveller, botnet: Any) -> None:
    lengths = []
    for tries in (11, 1, 23, 1):
        assert all(map(is_compared, guess(botnet, tries=tries)))
        sent = post_registration(client_ip=ELSEWHERE).json()
        lengths.append(sent["code_length"])
        assert len(sent["confirmation_code"]) == sent["code_length"]

    assert lengths == [4, 6, 6, 8]
    clock.shift(DAY)
    assert post_registration(client_ip=ELSEWHERE).json()["code_length"] == 4


def test_no_code_of_the_usual_length_is_compared_any_more(botnet: Any) -> None:
    phone = phone_number()
    code = post_registration(phone, client_ip=ELSEWHERE).json()["confirmation_code"]
    guess(botnet, tries=12)

    refused = post_login(phone, code, client_ip=ELSEWHERE)

    assert refused.status_code == 400
    assert refused.json()["code"] == "longer_code_needed"
    assert "confirmation_code" in refused.json()["errors"]
    assert "Retry-After" not in refused


def test_a_newcomer_signs_in_with_a_longer_code_meanwhile(clock: time_machine.Traveller, botnet: Any) -> None:
    for tries, length in ((12, 6), (24, 8)):
        guess(botnet, tries=tries)
        phone = phone_number()

        sent = post_registration(phone, client_ip=ELSEWHERE).json()

        assert len(sent["confirmation_code"]) == length
        assert post_login(phone, sent["confirmation_code"], client_ip=ELSEWHERE).status_code == 200


def test_an_owner_at_a_known_address_goes_on_with_the_usual_length(clock: time_machine.Traveller, botnet: Any) -> None:
    phone = phone_number()
    sign_up(APIClient(REMOTE_ADDR=HOME), phone)
    guess(botnet, tries=12)

    sent = post_registration(phone, client_ip=HOME).json()

    assert sent["code_length"] == 4
    assert post_login(phone, wrong_code(sent["confirmation_code"]), client_ip=HOME).json()["tries_left"] == 4
    assert post_login(phone, sent["confirmation_code"], client_ip=HOME).status_code == 200


def test_the_reserve_of_known_addresses_is_bounded_too(clock: time_machine.Traveller, botnet: Any) -> None:
    guess(botnet, tries=12)
    phone = phone_number()
    sent = post_registration(phone, client_ip=HOME).json()
    post_login(phone, sent["confirmation_code"], client_ip=HOME)
    code = post_registration(phone, client_ip=HOME).json()["confirmation_code"]

    answers = [post_login(phone, wrong_code(code), client_ip=HOME).json()["code"] for _ in range(4)]

    assert all(map(is_compared, answers))
    assert post_login(phone, code, client_ip=HOME).json()["code"] == "longer_code_needed"
    clock.shift(MINUTE)
    assert post_registration(phone, client_ip=HOME).json()["code_length"] == 6


def test_only_codes_that_were_compared_count(botnet: Any) -> None:
    for _ in range(30):
        assert post_login(phone_number(), "0000", client_ip=next(botnet)).json()["code"] == "confirmation_code_expired"
    for _ in range(20):
        sign_up(APIClient(REMOTE_ADDR=next(botnet)), phone_number())

    assert post_registration(client_ip=ELSEWHERE).json()["code_length"] == 4
    assert all(map(is_compared, guess(botnet, tries=12)))
    assert post_registration(client_ip=ELSEWHERE).json()["code_length"] == 6


def test_the_link_of_a_message_is_no_way_around(botnet: Any) -> None:
    sent = post_registration(client_ip=ELSEWHERE).json()
    guess(botnet, tries=12)

    refused = APIClient().post(sent["verify_url"], {"confirmation_code": sent["confirmation_code"]})

    assert refused.json()["code"] == "longer_code_needed"


def test_pages_and_messages_follow(botnet: Any) -> None:
    usual, longer = pages.anonymous_browser(), pages.anonymous_browser()
    early, late = phone_number(), phone_number()
    old_code = pages.request_code(usual, early)
    page = usual.get("/sign-in/code/").content.decode()
    assert "4 digits" in page
    assert 'size="4"' in page
    guess(botnet, tries=12)

    code = pages.request_code(longer, late)

    page = longer.get("/sign-in/code/").content.decode()
    assert "6 digits" in page
    assert 'size="6"' in page
    refused = pages.submit_form(usual, "/sign-in/code/", {"confirmation_code": old_code})
    assert "Ask for a new, longer one." in pages.text_of(refused)
    short = pages.submit_form(longer, "/sign-in/code/", {"confirmation_code": code[:5]})
    assert "A code consists of 6 digits." in pages.text_of(short)
    assert pages.submit_form(longer, "/sign-in/code/", {"confirmation_code": code}).redirect_chain == [
        ("/profile/", 302)
    ]
    assert Delivery.objects.filter(phone_number=late).exists()


def test_the_metric_and_the_dashboard_say_so(clock: time_machine.Traveller, botnet: Any, admin_client: Client) -> None:
    assert "sign_in_under_attack 0.0" in scrape_metrics()
    assert "wrong codes are being entered" not in admin_client.get("/admin/").content.decode()

    guess(botnet, tries=12)

    assert "sign_in_under_attack 1.0" in scrape_metrics()
    assert "new codes have more digits: 6." in admin_client.get("/admin/").content.decode()
    clock.shift(DAY)
    assert "sign_in_under_attack 0.0" in scrape_metrics()


class TestOwner:
    """An owner at a known address has a separate code."""

    def test_strangers_spend_none_of_the_owners_tries(self, clock: time_machine.Traveller, botnet: Any) -> None:
        phone = phone_number()
        sign_up(APIClient(REMOTE_ADDR=HOME), phone)
        code = post_registration(phone, client_ip=HOME).json()["confirmation_code"]

        spent = [post_login(phone, wrong_code(code), client_ip=next(botnet)).json() for _ in range(6)]

        assert [answer.get("tries_left") for answer in spent] == [4, 3, 2, 1, None, None]
        assert post_login(phone, wrong_code(code), client_ip=HOME).json()["tries_left"] == 4
        assert post_login(phone, code, client_ip=HOME).status_code == 200

    def test_strangers_requests_replace_and_delay_nothing(self, clock: time_machine.Traveller, botnet: Any) -> None:
        phone = phone_number()
        sign_up(APIClient(REMOTE_ADDR=HOME), phone)
        clock.shift(HOUR)
        code = post_registration(phone, client_ip=HOME).json()["confirmation_code"]
        for _ in range(4):
            assert post_registration(phone, client_ip=next(botnet)).status_code == 202
            clock.shift(MINUTE - 1)
            assert post_registration(phone, client_ip=next(botnet)).json()["code"] == "code_recently_sent"
            clock.shift(1)
        assert post_registration(phone, client_ip=next(botnet)).status_code == 202

        assert post_login(phone, code, client_ip=HOME).status_code == 200
        assert post_registration(phone, client_ip=HOME).status_code == 202

    def test_fifteen_wrong_codes_of_strangers_stop_no_owner(self, clock: time_machine.Traveller, botnet: Any) -> None:
        phone = phone_number()
        sign_up(APIClient(REMOTE_ADDR=HOME), phone)
        for _ in range(3):
            code = post_registration(phone, client_ip=next(botnet)).json()["confirmation_code"]
            for _ in range(5):
                post_login(phone, wrong_code(code), client_ip=next(botnet))
            clock.shift(MINUTE)
        assert post_registration(phone, client_ip=next(botnet)).status_code in (202, 429)

        sign_up(APIClient(REMOTE_ADDR=HOME), phone)

    def test_a_code_requested_at_home_is_good_elsewhere(self) -> None:
        phone = phone_number()
        sign_up(APIClient(REMOTE_ADDR=HOME), phone)

        code = post_registration(phone, client_ip=HOME).json()["confirmation_code"]

        assert post_login(phone, code, client_ip=ELSEWHERE).status_code == 200

    def test_a_code_requested_elsewhere_is_good_at_home(self) -> None:
        phone = phone_number()
        sign_up(APIClient(REMOTE_ADDR=HOME), phone)

        code = post_registration(phone, client_ip=ELSEWHERE).json()["confirmation_code"]

        assert post_login(phone, code, client_ip=HOME).status_code == 200
        assert post_login(phone, code, client_ip=HOME).json()["code"] == "confirmation_code_expired"

    def test_a_guess_at_two_codes_counts_twice(self, clock: time_machine.Traveller, botnet: Any) -> None:
        phone = phone_number()
        sign_up(APIClient(REMOTE_ADDR=HOME), phone)
        own = post_registration(phone, client_ip=HOME).json()["confirmation_code"]
        other = post_registration(phone, client_ip=ELSEWHERE).json()["confirmation_code"]
        wrong = next(code for code in ("0000", "0001", "0002") if code not in (own, other))

        for _ in range(5):
            assert is_compared(post_login(phone, wrong, client_ip=next(botnet)).json()["code"])

        guess(botnet, tries=2)
        assert post_registration(client_ip=next(botnet)).json()["code_length"] == 6

    def test_erasing_a_person_voids_both_codes(self) -> None:
        phone = phone_number()
        token = sign_up(APIClient(REMOTE_ADDR=HOME), phone)["token"]
        codes = [post_registration(phone, client_ip=ip).json()["confirmation_code"] for ip in (HOME, ELSEWHERE)]

        APIClient(HTTP_AUTHORIZATION=f"Token {token}").delete("/api/profile/")

        for code in codes:
            assert post_login(phone, code, client_ip=ELSEWHERE).json()["code"] == "confirmation_code_expired"
