"""Request limits, with the default settings."""

from typing import Any

import pytest
import time_machine
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import CLIENT_IP, activate_code, post_login, post_registration
from tests.support.factories import (
    api_client,
    create_user,
    create_users,
    phone_number,
    request_code,
    sign_up,
    wrong_code,
)
from tests.support.fake_gateways import Gateway

pytestmark = pytest.mark.django_db

HOUR, DAY = 3_600, 86_400
OTHER_IP = "198.51.100.2"


def look_up(code: str, client_ip: str = CLIENT_IP) -> Any:
    return APIClient().get(f"/api/referral-codes/{code}/", REMOTE_ADDR=client_ip)


def assert_refused(answer: Any, code: str, retry_after: int, status: int = 429) -> None:
    assert answer.status_code == status, answer.content
    assert answer.json()["code"] == code
    assert answer.json()["retry_after"] == int(answer["Retry-After"]) == retry_after


class TestCodes:
    def test_3_an_hour_and_5_a_day_per_number_and_ip(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        for _ in range(3):
            assert post_registration(phone).status_code == 202
            clock.shift(60)

        assert_refused(post_registration(phone), "too_many_codes", HOUR - 180)

        clock.shift(HOUR - 180)
        for _ in range(2):
            assert post_registration(phone).status_code == 202
            clock.shift(60)
        assert_refused(post_registration(phone), "too_many_codes", DAY - HOUR - 120)

    def test_5_an_hour_and_10_a_day_per_number(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        for nth in range(5):
            assert post_registration(phone, client_ip=f"198.51.100.{nth}").status_code == 202
            clock.shift(60)

        assert_refused(post_registration(phone, client_ip="203.0.113.1"), "too_many_codes", HOUR - 300)
        assert post_registration(client_ip="203.0.113.1").status_code == 202

        clock.shift(HOUR - 300)
        for nth in range(5):
            assert post_registration(phone, client_ip=f"203.0.113.{nth}").status_code == 202
            clock.shift(60)
        assert_refused(post_registration(phone, client_ip="203.0.113.9"), "too_many_codes", DAY - HOUR - 300)

    def test_known_ip_is_not_affected_by_requests_of_other_ips(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        sign_up(APIClient(), phone)
        for nth in range(1, 6):
            clock.shift(60)
            assert post_registration(phone, client_ip=f"203.0.113.{nth}").status_code == 202
        clock.shift(60)

        assert post_registration(phone, client_ip="203.0.113.6").status_code == 429

        for _ in range(3):
            assert post_registration(phone).status_code == 202
            clock.shift(60)
        assert post_registration(phone).status_code == 429

    def test_30_an_hour_per_ip(self, clock: time_machine.Traveller) -> None:
        for _ in range(30):
            assert post_registration().status_code == 202

        assert_refused(post_registration(), "too_many_requests", HOUR)
        assert post_registration(client_ip=OTHER_IP).status_code == 202

        clock.shift(HOUR)
        assert post_registration().status_code == 202

    def test_limit_per_country(self, settings: Settings, clock: time_machine.Traveller) -> None:
        settings.LIMIT_CODES_PER_COUNTRY = "2/hour"
        for _ in range(2):
            assert post_registration().status_code == 202

        assert_refused(post_registration(client_ip=OTHER_IP), "sending_paused", HOUR, 503)
        assert post_registration("+381601234567").status_code == 202

        clock.shift(HOUR)
        assert post_registration().status_code == 202

    def test_limit_in_total(self, settings: Settings, clock: time_machine.Traveller) -> None:
        settings.LIMIT_CODES = "2/hour"
        assert post_registration().status_code == 202
        assert post_registration("+381601234567").status_code == 202

        assert_refused(post_registration("+447911123456", client_ip=OTHER_IP), "sending_paused", HOUR, 503)

    def test_codes_are_sent_to_the_listed_countries_only(self, settings: Settings) -> None:
        settings.SMS_COUNTRIES = ["RU", "RS"]

        assert post_registration("+79991234567").status_code == 202
        assert post_registration("+381601234567").status_code == 202
        refused = post_registration("+447911123456")

        assert refused.status_code == 400
        assert refused.json()["errors"]["phone_number"][0]["code"] == "country_not_served"

    def test_refused_request_does_not_count(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        assert post_registration(phone).status_code == 202
        for _ in range(50):
            assert post_registration(phone).json()["code"] == "code_recently_sent"

        clock.shift(60)

        assert post_registration(phone).status_code == 202

    def test_failed_message_does_not_count(self, settings: Settings) -> None:
        phone = phone_number()
        with Gateway().running() as gateway:
            settings.SMS_URL = gateway.sms_url
            gateway.failures_to_come = 10
            for _ in range(10):
                assert post_registration(phone).json()["code"] == "delivery_unavailable"

            assert post_registration(phone).status_code == 202

    def test_used_code_does_not_count_for_its_number(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()

        for _ in range(20):
            sign_up(APIClient(), phone)


class TestSignIn:
    def test_30_failures_an_hour_per_ip(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        code = request_code(APIClient(), phone)
        for _ in range(10):
            assert post_login(phone_number(), "0000").json()["code"] == "confirmation_code_expired"
            dead_link = "/api/verify/00000000-0000-4000-8000-000000000000/"
            assert APIClient().post(dead_link, {"confirmation_code": "0000"}).status_code == 404
            body = {"phone_number": phone_number(), "confirmation_code": "0000"}
            assert APIClient().post("/api/jwt/", body).status_code == 400

        assert_refused(post_login(phone, code), "too_many_requests", HOUR)
        assert post_login(phone, code, client_ip=OTHER_IP).status_code == 200

    def test_successes_do_not_count(self, settings: Settings) -> None:
        settings.LIMIT_FAILED_SIGN_INS_PER_ADDRESS = "2/hour"
        for _ in range(10):
            sign_up(APIClient(), phone_number())

        assert post_login(phone_number(), "0000").status_code == 400
        assert post_login(phone_number(), "0000").status_code == 400
        assert post_login(phone_number(), "0000").status_code == 429

    def test_unknown_share_code_counts_as_a_failure(self, settings: Settings) -> None:
        settings.LIMIT_FAILED_SIGN_INS_PER_ADDRESS = "3/hour"
        phone = phone_number()
        code = request_code(APIClient(), phone)
        body = {"phone_number": phone, "confirmation_code": code, "used_referral_code": "QQQQQQ"}

        answers = [APIClient().post("/api/login/", body).status_code for _ in range(4)]

        assert answers == [400, 400, 400, 429]


class TestInviteCodes:
    def test_60_unknown_codes_an_hour_per_ip(self, clock: time_machine.Traveller) -> None:
        known = create_user().referral_code
        for _ in range(60):
            assert look_up(known).status_code == 200
            assert look_up("QQQQQQ").status_code == 404

        assert_refused(look_up(known), "too_many_requests", HOUR)
        assert look_up(known, OTHER_IP).status_code == 200

    def test_10_unknown_codes_an_hour_per_user(self, clock: time_machine.Traveller) -> None:
        anna, boris, carol = create_users(3)
        me = api_client(boris)
        for nth in range(10):
            body = {"used_referral_code": "QQQQQQ"}
            answer = me.patch("/api/profile/", body, REMOTE_ADDR=f"203.0.113.{nth}")
            assert answer.json()["code"] == "referral_code_not_found"

        right = {"used_referral_code": anna.referral_code}
        assert_refused(me.patch("/api/profile/", right), "too_many_referral_codes", HOUR)
        assert me.patch(f"/api/profile/{boris.phone_number}/", right).status_code == 429
        assert api_client(carol).patch("/api/profile/", right).status_code == 200
        assert me.patch("/api/profile/", {"username": "Boris"}).status_code == 200

        clock.shift(HOUR)
        assert me.patch("/api/profile/", right).status_code == 200

    def test_repeating_the_same_code_does_not_count(self) -> None:
        anna, me = create_user(), api_client(create_user())

        for _ in range(20):
            assert activate_code(me, anna.referral_code).status_code == 200


def test_error_says_when_to_retry(client: APIClient, settings: Settings) -> None:
    settings.LIMIT_CODES_PER_ADDRESS = "0/day"

    english = client.post("/api/registration/", {"phone_number": phone_number()})
    russian = client.post("/api/registration/", {"phone_number": phone_number()}, HTTP_ACCEPT_LANGUAGE="ru")

    assert english.json()["detail"] == "Too many requests came from your network. Try again in 24 hours."
    assert russian.json()["detail"] == "Из вашей сети пришло слишком много запросов. Попробуйте снова через 24 часа."


def test_empty_setting_lifts_the_limit(settings: Settings) -> None:
    settings.LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS = ""

    assert {look_up("QQQQQQ").status_code for _ in range(100)} == {404}


def test_wrong_code_is_not_reported_as_a_limit(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone)

    assert post_login(phone, wrong_code(code)).json()["code"] == "confirmation_code_wrong"
    assert post_login(phone, code).status_code == 200
