"""The name of a new person comes from the client that redeems the code, not from a stranger who asked for one."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.factories import api_client, create_user, phone_number
from users.models import ConfirmationCode, User

pytestmark = pytest.mark.django_db

STRANGER, OWNER = "203.0.113.50", "198.51.100.20"
PLANTED, OWN = "Stupid", "Olga"


def ask(phone: str, *, client_ip: str, **fields: str) -> dict[str, Any]:
    answer = APIClient().post("/api/registration/", {"phone_number": phone, **fields}, REMOTE_ADDR=client_ip)
    assert answer.status_code == 202, answer.content
    return dict(answer.json())


def redeem(door: str, phone: str, asked: dict[str, Any], *, client_ip: str, **fields: str) -> Any:
    body = {"confirmation_code": asked["confirmation_code"], **fields}
    if door == "link":
        return APIClient().post(asked["verify_url"], body, REMOTE_ADDR=client_ip)
    return APIClient().post(door, {**body, "phone_number": phone}, REMOTE_ADDR=client_ip)


each_door = pytest.mark.parametrize("door", ["/api/login/", "/api/jwt/", "link"])


@each_door
def test_the_name_sent_with_the_code_counts(door: str) -> None:
    phone = phone_number()
    asked = ask(phone, client_ip=STRANGER, username=PLANTED)

    answer = redeem(door, phone, asked, client_ip=OWNER, username=OWN)

    assert answer.json()["profile"]["username"] == OWN


@pytest.mark.parametrize("door", ["/api/login/", "/api/jwt/"])
def test_a_name_planted_from_another_address_does_not_count(door: str) -> None:
    phone = phone_number()
    asked = ask(phone, client_ip=STRANGER, username=PLANTED)

    answer = redeem(door, phone, asked, client_ip=OWNER)

    assert answer.json()["is_new_user"] is True
    assert answer.json()["profile"]["username"] == ""


@each_door
def test_the_name_of_the_request_counts_from_the_same_address(door: str) -> None:
    phone = phone_number()
    asked = ask(phone, client_ip=OWNER, username=OWN)

    assert redeem(door, phone, asked, client_ip=OWNER).json()["profile"]["username"] == OWN


def test_the_name_of_the_request_counts_by_its_link_from_another_address() -> None:
    phone = phone_number()
    asked = ask(phone, client_ip=OWNER, username=OWN)

    assert redeem("link", phone, asked, client_ip="198.51.100.99").json()["profile"]["username"] == OWN


@each_door
def test_a_registered_person_keeps_the_name(door: str) -> None:
    anna = create_user(username="Anna")
    asked = ask(str(anna.phone_number), client_ip=OWNER, username="Other")

    answer = redeem(door, str(anna.phone_number), asked, client_ip=OWNER, username="Third")

    assert answer.json()["profile"]["username"] == "Anna"


@each_door
def test_an_invalid_name_costs_no_try(door: str) -> None:
    phone = phone_number()
    asked = ask(phone, client_ip=OWNER)

    answer = redeem(door, phone, asked, client_ip=OWNER, username="Olga \N{PILE OF POO}")

    assert answer.status_code == 400
    assert "username" in answer.json()["errors"]
    assert redeem(door, phone, asked, client_ip=OWNER, username="Olga").status_code == 200


def test_the_address_is_stored_as_a_digest_and_only_with_a_name() -> None:
    named, unnamed = phone_number(), phone_number()
    ask(named, client_ip=OWNER, username=OWN)
    ask(unnamed, client_ip=OWNER)

    stored = dict(ConfirmationCode.objects.values_list("phone_number", "address"))

    assert stored[unnamed] == ""
    assert len(stored[named]) == 16
    assert OWNER not in stored[named]


class TestPages:
    def code_for(self, browser: Client, phone: str) -> str:
        return pages.request_code(browser, phone)

    def test_the_page_of_the_code_takes_a_name(self) -> None:
        phone = phone_number()

        pages.sign_in(pages.anonymous_browser(), phone, username=OWN)

        assert User.objects.get(phone_number=phone).username == OWN

    def test_a_name_planted_over_the_api_does_not_count(self) -> None:
        phone = phone_number()
        ask(phone, client_ip=STRANGER, username=PLANTED)
        ConfirmationCode.objects.update(resend_at=ConfirmationCode.objects.get().issued_at)

        pages.sign_in(pages.anonymous_browser(), phone)

        assert User.objects.get(phone_number=phone).username == ""

    def test_a_registered_person_keeps_the_name(self) -> None:
        anna = create_user(username="Anna")

        pages.sign_in(pages.anonymous_browser(), str(anna.phone_number), username="Other")

        assert api_client(anna).get("/api/profile/").json()["username"] == "Anna"
