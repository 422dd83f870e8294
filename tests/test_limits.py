"""How often anything may be asked for, by whom; the numbers are the defaults of the README."""

from typing import Any

import pytest
import time_machine
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import ask_for_code, person, phone_number, sign_up, signed_in, wrong
from tests.support.fake_gateways import Gateway

pytestmark = pytest.mark.django_db

HOUR, DAY = 3_600, 86_400
HERE, ELSEWHERE = "198.51.100.1", "198.51.100.2"


def ask(phone: str, address: str = HERE) -> Any:
    return APIClient().post("/api/registration/", {"phone_number": phone}, REMOTE_ADDR=address)


def login(phone: str, code: str, address: str = HERE) -> Any:
    body = {"phone_number": phone, "confirmation_code": code}
    return APIClient().post("/api/login/", body, REMOTE_ADDR=address)


def look_up(code: str, address: str = HERE) -> Any:
    return APIClient().get(f"/api/referral-codes/{code}/", REMOTE_ADDR=address)


def assert_refused(answer: Any, code: str, retry_after: int, status: int = 429) -> None:
    assert answer.status_code == status, answer.content
    assert answer.json()["code"] == code
    assert answer.json()["retry_after"] == int(answer["Retry-After"]) == retry_after


class TestCodes:
    def test_one_address_has_three_an_hour_and_six_a_day_sent_to_one_number(
        self, clock: time_machine.Traveller
    ) -> None:
        phone = phone_number()
        for _ in range(3):
            assert ask(phone).status_code == 202
            clock.shift(60)

        assert_refused(ask(phone), "too_many_codes", HOUR - 180)

        clock.shift(HOUR - 180)
        for _ in range(3):
            assert ask(phone).status_code == 202
            clock.shift(60)
        assert_refused(ask(phone), "too_many_codes", DAY - HOUR - 180)

    def test_one_number_is_sent_five_an_hour_and_ten_a_day_whoever_asks(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        for nth in range(5):
            assert ask(phone, f"198.51.100.{nth}").status_code == 202
            clock.shift(60)

        assert_refused(ask(phone, "203.0.113.1"), "too_many_codes", HOUR - 300)
        assert ask(phone_number(), "203.0.113.1").status_code == 202

        clock.shift(HOUR - 300)
        for nth in range(5):
            assert ask(phone, f"203.0.113.{nth}").status_code == 202
            clock.shift(60)
        assert_refused(ask(phone, "203.0.113.9"), "too_many_codes", DAY - HOUR - 300)

    def test_an_address_that_the_number_is_known_by_does_not_depend_on_what_others_ask_for(
        self, clock: time_machine.Traveller
    ) -> None:
        phone = phone_number()
        sign_up(APIClient(REMOTE_ADDR=HERE), phone)
        for nth in range(1, 6):
            clock.shift(60)
            assert ask(phone, f"203.0.113.{nth}").status_code == 202
        clock.shift(60)

        assert ask(phone, "203.0.113.6").status_code == 429

        for _ in range(3):
            assert ask(phone).status_code == 202
            clock.shift(60)
        assert ask(phone).status_code == 429

    def test_one_address_asks_for_thirty_an_hour(self, clock: time_machine.Traveller) -> None:
        for _ in range(30):
            assert ask(phone_number()).status_code == 202

        assert_refused(ask(phone_number()), "too_many_requests", HOUR)
        assert ask(phone_number(), ELSEWHERE).status_code == 202

        clock.shift(HOUR)
        assert ask(phone_number()).status_code == 202

    def test_sending_to_one_country_has_a_brake(self, settings: Settings, clock: time_machine.Traveller) -> None:
        settings.LIMIT_CODES_PER_COUNTRY = "2/hour"
        for _ in range(2):
            assert ask(phone_number()).status_code == 202

        assert_refused(ask(phone_number(), ELSEWHERE), "sending_paused", HOUR, 503)
        assert ask("+381601234567").status_code == 202

        clock.shift(HOUR)
        assert ask(phone_number()).status_code == 202

    def test_sending_at_all_has_a_brake(self, settings: Settings, clock: time_machine.Traveller) -> None:
        settings.LIMIT_CODES = "2/hour"
        assert ask(phone_number()).status_code == 202
        assert ask("+381601234567").status_code == 202

        assert_refused(ask("+447911123456", ELSEWHERE), "sending_paused", HOUR, 503)

    def test_codes_are_sent_to_the_listed_countries_only(self, settings: Settings) -> None:
        settings.SMS_COUNTRIES = ["7", "381"]

        assert ask("+79991234567").status_code == 202
        assert ask("+381601234567").status_code == 202
        refused = ask("+447911123456")

        assert refused.status_code == 400
        assert refused.json()["errors"]["phone_number"][0]["code"] == "country_not_served"

    def test_a_refused_request_does_not_count(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        assert ask(phone).status_code == 202
        for _ in range(50):
            assert ask(phone).json()["code"] == "code_recently_sent"

        clock.shift(60)

        assert ask(phone).status_code == 202

    def test_a_message_that_could_not_be_sent_does_not_count(self, settings: Settings) -> None:
        phone = phone_number()
        with Gateway().running() as gateway:
            settings.SMS_URL = gateway.sms_url
            gateway.failures_to_come = 10
            for _ in range(10):
                assert ask(phone).json()["code"] == "delivery_unavailable"

            assert ask(phone).status_code == 202

    def test_a_code_that_was_used_does_not_count_for_its_number(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()

        for _ in range(20):
            sign_up(APIClient(), phone)


class TestSigningIn:
    def test_one_address_fails_thirty_times_an_hour_whatever_it_tries(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        code = ask_for_code(APIClient(), phone)
        for _ in range(10):
            assert login(phone_number(), "0000").json()["code"] == "confirmation_code_expired"
            dead_link = "/api/verify/00000000-0000-4000-8000-000000000000/"
            assert APIClient().post(dead_link, {"confirmation_code": "0000"}, REMOTE_ADDR=HERE).status_code == 404
            body = {"phone_number": phone_number(), "confirmation_code": "0000"}
            assert APIClient().post("/api/jwt/", body, REMOTE_ADDR=HERE).status_code == 400

        assert_refused(login(phone, code), "too_many_requests", HOUR)
        assert login(phone, code, ELSEWHERE).status_code == 200

    def test_those_who_succeed_are_not_counted(self, settings: Settings) -> None:
        settings.LIMIT_FAILED_SIGN_INS_PER_ADDRESS = "2/hour"
        for _ in range(10):
            sign_up(APIClient(REMOTE_ADDR=HERE), phone_number())

        assert login(phone_number(), "0000").status_code == 400
        assert login(phone_number(), "0000").status_code == 400
        assert login(phone_number(), "0000").status_code == 429

    def test_an_unknown_share_code_counts_as_a_failure(self, settings: Settings) -> None:
        settings.LIMIT_FAILED_SIGN_INS_PER_ADDRESS = "3/hour"
        phone = phone_number()
        code = ask_for_code(APIClient(), phone)
        body = {"phone_number": phone, "confirmation_code": code, "used_referral_code": "QQQQQQ"}

        answers = [APIClient().post("/api/login/", body).status_code for _ in range(4)]

        assert answers == [400, 400, 400, 429]


class TestInviteCodes:
    def test_one_address_looks_up_sixty_an_hour(self, clock: time_machine.Traveller) -> None:
        known = person().referral_code
        for _ in range(30):
            assert look_up(known).status_code == 200
            assert look_up("QQQQQQ").status_code == 404

        assert_refused(look_up(known), "too_many_requests", HOUR)
        assert look_up(known, ELSEWHERE).status_code == 200

    def test_one_person_enters_ten_unknown_ones_an_hour_from_wherever(self, clock: time_machine.Traveller) -> None:
        anna, boris, carol = person(), person(), person()
        me = signed_in(boris)
        for nth in range(10):
            body = {"used_referral_code": "QQQQQQ"}
            answer = me.patch("/api/profile/", body, REMOTE_ADDR=f"203.0.113.{nth}")
            assert answer.json()["code"] == "referral_code_not_found"

        right = {"used_referral_code": anna.referral_code}
        assert_refused(me.patch("/api/profile/", right), "too_many_referral_codes", HOUR)
        assert me.patch(f"/api/profile/{boris.phone_number}/", right).status_code == 429
        assert signed_in(carol).patch("/api/profile/", right).status_code == 200
        assert me.patch("/api/profile/", {"username": "Boris"}).status_code == 200

        clock.shift(HOUR)
        assert me.patch("/api/profile/", right).status_code == 200

    def test_entering_the_same_code_again_and_again_is_not_counted(self) -> None:
        anna, me = person(), signed_in(person())

        for _ in range(20):
            assert me.patch("/api/profile/", {"used_referral_code": anna.referral_code}).status_code == 200


def test_a_limit_says_how_long_in_words(client: APIClient, settings: Settings) -> None:
    settings.LIMIT_CODES_PER_ADDRESS = "0/day"

    english = client.post("/api/registration/", {"phone_number": phone_number()})
    russian = client.post("/api/registration/", {"phone_number": phone_number()}, HTTP_ACCEPT_LANGUAGE="ru")

    assert english.json()["detail"] == "Too many requests came from your network. Try again in 24 hours."
    assert russian.json()["detail"] == "Из вашей сети пришло слишком много запросов. Попробуйте снова через 24 часа."


def test_no_limit_is_a_limit_that_can_be_set(client: APIClient, settings: Settings) -> None:
    settings.LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS = ""

    assert {look_up("QQQQQQ").status_code for _ in range(100)} == {404}


def test_wrong_tries_are_told_apart_from_limits(client: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)

    assert login(phone, wrong(code)).json()["code"] == "confirmation_code_wrong"
    assert login(phone, code).status_code == 200
