"""A code serves the purpose that it was sent for and no other, at every endpoint and on every page that takes one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.api import post_login, post_registration
from tests.support.factories import api_client, create_user, phone_number, sign_up, wrong_code
from users.models import ConfirmationCode, Purpose, User, UserSession

pytestmark = pytest.mark.django_db

#: A number has one code for addresses that it is known at, and one for all others: two codes wait at once.
HOME, ELSEWHERE = "198.51.100.7", "203.0.113.7"
NUMBER_PATH, CONFIRM_PATH = "/api/profile/phone-number/", "/api/profile/confirm/"


@dataclass
class Anna:
    """A person, and the number to which each purpose sends its codes: hers, or the one that she changes to."""

    number: str = field(default_factory=phone_number)
    former: str = field(default_factory=phone_number)

    def __post_init__(self) -> None:
        sign_up(APIClient(REMOTE_ADDR=HOME), self.number)
        self.user = User.objects.get(phone_number=self.number)
        self.me = api_client(self.user)
        self.browser = Client(REMOTE_ADDR=ELSEWHERE)
        self.browser.force_login(self.user, "users.people.sessions.ConfirmationCodeBackend")

    def prepare(self, purpose: Purpose) -> None:
        """Let the account have the number that it has before a code of this purpose is used."""
        has = self.former if purpose == Purpose.CHANGE_NUMBER else self.number
        User.objects.filter(pk=self.user.pk).update(phone_number=has)

    def ask(self, purpose: Purpose, client_ip: str) -> str:
        """Ask for a code at an address, and return it."""
        self.prepare(purpose)
        path, body = {
            Purpose.SIGN_IN: ("/api/registration/", {"phone_number": self.number}),
            Purpose.CHANGE_NUMBER: (NUMBER_PATH, {"phone_number": self.number}),
            Purpose.CONFIRM: (CONFIRM_PATH, {}),
        }[purpose]
        asked = self.me.post(path, body, REMOTE_ADDR=client_ip)
        assert asked.status_code == 202, asked.content
        return str(asked.json()["confirmation_code"])


def log_in(anna: Anna, code: str) -> bool:
    return bool(post_login(anna.number, code, client_ip=ELSEWHERE).status_code == 200)


def get_jwt(anna: Anna, code: str) -> bool:
    body = {"phone_number": anna.number, "confirmation_code": code}
    return APIClient(REMOTE_ADDR=ELSEWHERE).post("/api/jwt/", body).status_code == 200


def follow_link(anna: Anna, code: str) -> bool:
    """Redeem the code by the link of its own sending, which is told only at a sign-in."""
    token = ConfirmationCode.objects.get(known_phone_number=anna.number).verification_token
    answer = APIClient(REMOTE_ADDR=ELSEWHERE).post(f"/api/verify/{token}/", {"confirmation_code": code})
    return bool(answer.status_code == 200)


def sign_in_page(anna: Anna, code: str) -> bool:
    stranger = Client(REMOTE_ADDR=ELSEWHERE)
    pages.submit_form(stranger, "/sign-in/", {"phone_number": anna.number})
    pages.submit_form(stranger, "/sign-in/code/", {"confirmation_code": code})
    return stranger.get("/profile/").status_code == 200


def change_number(anna: Anna, code: str) -> bool:
    return bool(anna.me.post(f"{NUMBER_PATH}confirm/", {"confirmation_code": code}).status_code == 200)


def change_number_page(anna: Anna, code: str) -> bool:
    pages.submit_form(anna.browser, "/settings/number/", {"phone_number": anna.number})
    pages.submit_form(anna.browser, "/settings/number/code/", {"confirmation_code": code})
    return User.objects.filter(pk=anna.user.pk, phone_number=anna.number).exists()


def confirm(anna: Anna, code: str) -> bool:
    return bool(anna.me.post(CONFIRM_PATH, {"confirmation_code": code}).status_code == 200)


def confirm_page(anna: Anna, code: str) -> bool:
    path = "/settings/confirm/?next=%2Fsettings%2F"
    pages.submit_form(anna.browser, path, {"send": "yes"})
    pages.submit_form(anna.browser, path, {"confirmation_code": code})
    return UserSession.objects.filter(kind="web", confirmed_until__isnull=False).exists()


#: What takes a code, and the purpose that it takes. Each returns whether the code has served.
TAKES: dict[Callable[[Anna, str], bool], Purpose] = {
    log_in: Purpose.SIGN_IN,
    get_jwt: Purpose.SIGN_IN,
    follow_link: Purpose.SIGN_IN,
    sign_in_page: Purpose.SIGN_IN,
    change_number: Purpose.CHANGE_NUMBER,
    change_number_page: Purpose.CHANGE_NUMBER,
    confirm: Purpose.CONFIRM,
    confirm_page: Purpose.CONFIRM,
}


@pytest.mark.parametrize("sent_for", Purpose)
@pytest.mark.parametrize("enter", TAKES, ids=lambda enter: enter.__name__)
def test_a_code_serves_its_purpose_only(
    enter: Callable[[Anna, str], bool], sent_for: Purpose, clock: time_machine.Traveller
) -> None:
    """A code of the right purpose waits for the same number, so that the wrong one is compared with it."""
    anna, taken = Anna(), TAKES[enter]
    if "page" not in enter.__name__:  # pages ask themselves
        anna.ask(taken, ELSEWHERE)
    code = anna.ask(sent_for, HOME)
    anna.prepare(taken)

    assert enter(anna, code) is (sent_for == taken)


def test_every_endpoint_that_takes_a_code_is_tried(client: APIClient) -> None:
    document = client.get("/api/schema/?format=json").json()
    inputs = {
        f"#/components/schemas/{name}"
        for name, schema in document["components"]["schemas"].items()
        if "confirmation_code" in schema.get("properties", {})
    }
    taking = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for body in operation.get("requestBody", {}).get("content", {}).values()
        if body["schema"].get("$ref") in inputs
    }

    assert taking == {
        "/api/login/",
        "/api/jwt/",
        "/api/verify/{verification_token}/",
        f"{NUMBER_PATH}confirm/",
        CONFIRM_PATH,
    }


@pytest.mark.parametrize("sent_for", [Purpose.CHANGE_NUMBER, Purpose.CONFIRM])
def test_a_code_serves_nobody_but_the_account_that_asked(sent_for: Purpose) -> None:
    anna = Anna()
    code = anna.ask(sent_for, ELSEWHERE)
    enter = change_number if sent_for == Purpose.CHANGE_NUMBER else confirm
    other = create_user()
    User.objects.filter(pk=anna.user.pk).update(phone_number=phone_number())
    User.objects.filter(pk=other.pk).update(phone_number=anna.number)

    assert api_client(other).post(CONFIRM_PATH, {"confirmation_code": code}).status_code == 400
    assert api_client(other).post(f"{NUMBER_PATH}confirm/", {"confirmation_code": code}).status_code == 400
    User.objects.filter(pk=other.pk).update(phone_number=phone_number())
    anna.prepare(sent_for)
    assert enter(anna, code)


@pytest.mark.parametrize("sent_for", [Purpose.CHANGE_NUMBER, Purpose.CONFIRM])
def test_a_code_whose_row_is_relabelled_is_still_refused(sent_for: Purpose) -> None:
    anna = Anna()
    code = anna.ask(sent_for, ELSEWHERE)
    ConfirmationCode.objects.update(purpose=Purpose.SIGN_IN, account=None)

    assert post_login(anna.number, code).json()["code"] == "confirmation_code_wrong"


def test_guesses_for_one_purpose_count_for_the_others(clock: time_machine.Traveller) -> None:
    anna = Anna()
    for purpose, enter in ((Purpose.CHANGE_NUMBER, change_number), (Purpose.CONFIRM, confirm)):
        code = anna.ask(purpose, ELSEWHERE)
        for _ in range(5):
            enter(anna, wrong_code(code))
        clock.shift(60)

    refused: Any = post_registration(anna.number, client_ip="127.0.0.1").json()
    assert refused["code"] == "sign_in_locked"
