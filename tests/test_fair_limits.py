"""Many people behind one address, reserves of owners, networks of IPv6, blocks of numbers (default settings)."""

import os
import subprocess
import sys
from ipaddress import IPv6Address

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR
from tests.support.api import post_login, post_registration
from tests.support.factories import create_user, phone_number, request_code, sign_up

pytestmark = pytest.mark.django_db

HOME, SCHOOL = "198.51.100.30", "198.51.100.31"
HOUR = 3_600


class TestOneAddress:
    def test_forty_pupils_sign_up_within_an_hour(self) -> None:
        for _ in range(40):
            sign_up(APIClient(REMOTE_ADDR=SCHOOL), phone_number())

    def test_codes_that_are_not_used_still_count(self) -> None:
        for _ in range(30):
            assert post_registration(client_ip=SCHOOL).status_code == 202

        assert post_registration(client_ip=SCHOOL).json()["code"] == "too_many_requests"

    def test_a_number_gives_back_one_sending_a_day(self, settings: Settings) -> None:
        settings.LIMIT_CODES_PER_ADDRESS = "2/hour"
        phone = phone_number()
        for _ in range(3):
            sign_up(APIClient(REMOTE_ADDR=SCHOOL), phone)

        assert post_registration(phone, client_ip=SCHOOL).json()["code"] == "too_many_requests"

    def test_a_number_that_came_back_gives_nothing_back(self, settings: Settings) -> None:
        settings.LIMIT_CODES_PER_ADDRESS = "2/hour"
        phone = phone_number()
        for _ in range(3):
            token = sign_up(APIClient(REMOTE_ADDR=SCHOOL), phone)["token"]
            APIClient(HTTP_AUTHORIZATION=f"Token {token}").delete("/api/profile/")

        assert post_registration(client_ip=SCHOOL).json()["code"] == "too_many_requests"

    def test_a_neighbours_failures_stop_no_owner(self) -> None:
        phone, other = phone_number(), phone_number()
        sign_up(APIClient(REMOTE_ADDR=SCHOOL), phone)
        for _ in range(30):
            assert post_login(phone_number(), "0000", client_ip=SCHOOL).status_code == 400

        codes = [request_code(APIClient(REMOTE_ADDR=SCHOOL), number) for number in (phone, other)]

        assert post_login(other, codes[1], client_ip=SCHOOL).json()["code"] == "too_many_requests"
        assert post_login(phone, codes[0], client_ip=SCHOOL).status_code == 200

    def test_a_neighbours_requests_stop_no_owner(self) -> None:
        phone = phone_number()
        sign_up(APIClient(REMOTE_ADDR=SCHOOL), phone)
        for _ in range(30):
            assert post_registration(client_ip=SCHOOL).status_code == 202

        assert post_registration(client_ip=SCHOOL).status_code == 429
        assert post_registration(phone, client_ip=SCHOOL).status_code == 202

    def test_a_share_link_is_opened_as_often_as_people_like(self) -> None:
        link = f"/r/{create_user().referral_code}/"

        assert {Client(REMOTE_ADDR=SCHOOL).get(link).status_code for _ in range(70)} == {200}

    def test_share_links_that_do_not_exist_are_limited(self) -> None:
        link = f"/r/{create_user().referral_code}/"

        answers = [Client(REMOTE_ADDR=SCHOOL).get("/r/QQQQQQ/").status_code for _ in range(61)]

        assert answers == [404] * 60 + [429]
        assert Client(REMOTE_ADDR=SCHOOL).get(link).status_code == 429


class TestReserves:
    @pytest.mark.parametrize("name", ["LIMIT_CODES_PER_BLOCK", "LIMIT_CODES_PER_COUNTRY", "LIMIT_CODES"])
    @pytest.mark.usefixtures("clock")  # refusals name the seconds to wait
    def test_a_part_is_for_known_addresses(self, settings: Settings, name: str) -> None:
        owner = phone_number()
        sign_up(APIClient(REMOTE_ADDR=HOME), owner)
        setattr(settings, name, "8/minute")  # another counter than before
        for nth in range(6):
            assert post_registration(client_ip=f"203.0.113.{nth}").status_code == 202

        refused = [post_registration(phone, client_ip="203.0.113.9").json() for phone in (phone_number(), owner)]

        assert [answer["code"] for answer in refused] == ["sending_paused"] * 2
        assert refused[0]["detail"] == refused[1]["detail"]
        assert post_registration(owner, client_ip=HOME).status_code == 202

    def test_an_address_that_asks_again_has_half_of_a_number(self, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        answers = []
        for stranger in (1, 1, 1, 1, 2, 2, 3, 4):
            answers.append(post_registration(phone, client_ip=f"203.0.113.{stranger}").status_code)
            clock.shift(60)

        assert answers == [202, 202, 202, 429, 202, 429, 202, 429]

    def test_two_addresses_keep_a_number_from_no_new_one(self, clock: time_machine.Traveller) -> None:
        phone, answers = phone_number(), []
        for hour in range(24):
            for stranger in ("203.0.113.1", "203.0.113.2"):
                while post_registration(phone, client_ip=stranger).status_code == 202:
                    clock.shift(60)
            clock.shift(HOUR)
            if hour % 6 == 5:
                answers.append(post_registration(phone, client_ip=f"198.51.100.{100 + hour}").status_code)

        assert answers == [202] * 4


class TestBlocks:
    def test_sending_to_a_block_of_numbers_is_limited(self, settings: Settings) -> None:
        settings.LIMIT_CODES_PER_BLOCK = "4/hour"
        for nth in range(3):
            assert post_registration(f"+7916555000{nth}", client_ip=f"203.0.113.{nth}").status_code == 202

        refused = post_registration("+79165559999", client_ip="203.0.113.9")

        assert (refused.status_code, refused.json()["code"]) == (503, "sending_paused")
        assert post_registration("+79165560000", client_ip="203.0.113.9").status_code == 202


class TestRegions:
    @pytest.mark.parametrize(
        ("served", "phone", "status"),
        [
            ("US", "+12015550123", 202),
            ("US", "+18762101234", 400),  # Jamaica
            ("US,JM", "+18762101234", 202),
            ("RU", "+79161234567", 202),
            ("RU", "+77011234567", 400),  # Kazakhstan
            ("KZ", "+77011234567", 202),
            ("*", "+14413701234", 202),  # Bermuda
        ],
    )
    def test_the_number_plan_decides(self, settings: Settings, served: str, phone: str, status: int) -> None:
        settings.SMS_COUNTRIES = served.split(",")

        assert post_registration(phone).status_code == status

    @pytest.mark.parametrize(
        ("value", "advice"),
        [("7", "+7 is the calling code of RU, KZ"), ("RU,+47", "+47 is the calling code of NO, SJ"), ("XX", "'XX'")],
    )
    def test_calling_codes_are_refused_with_advice(self, value: str, advice: str) -> None:
        command = [sys.executable, "manage.py", "check"]
        environment = {**os.environ, "SMS_COUNTRIES": value}

        started = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)

        assert started.returncode != 0
        assert advice in started.stderr


class TestIPv6:
    @pytest.mark.parametrize(("network", "allowed"), [(64, 3), (56, 6), (48, 12)])
    def test_wider_networks_have_a_larger_budget_together(self, settings: Settings, network: int, allowed: int) -> None:
        settings.LIMIT_CODES_PER_ADDRESS = "3/hour"
        first, apart = int(IPv6Address("2001:db8:1::")), {64: 1, 56: 1 << 64, 48: 1 << 72}[network]

        answers = [
            post_registration(client_ip=str(IPv6Address(first + nth * apart))).status_code for nth in range(allowed + 1)
        ]

        assert answers == [202] * allowed + [429]
