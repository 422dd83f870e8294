"""docs/security.md says what one address can write into each table in an hour: a flood at every door writes no more."""

import re
import uuid

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR
from tests.support import pages
from tests.support.factories import create_user, phone_number, request_code
from users.models import Delivery, LimitCounter

pytestmark = pytest.mark.django_db

TABLE = {
    table: int(rows)
    for table, rows in re.findall(
        r"^\| `([a-z_]+)` \| (\d+) \|", (BASE_DIR / "docs/security.md").read_text(), flags=re.MULTILINE
    )
}
#: More than any limit of an address allows in an hour, but for renewals.
TIMES = 70


def test_the_table_lists_every_table() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}

    assert TABLE.keys() == tables


def row_counts() -> dict[str, int]:
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table: model._default_manager.count() for model in models}


def sign_in_everywhere(inviter_code: str) -> None:
    """Sign in with as many numbers as possible, in every way; every third person is erased."""
    for nth in range(TIMES):
        phone, client = phone_number(), APIClient()
        key = {"Idempotency-Key": str(uuid.uuid4())}
        asked = client.post("/api/registration/", {"phone_number": phone}, headers=key)
        if asked.status_code != 202:
            continue
        body = {"confirmation_code": asked.json()["confirmation_code"], "used_referral_code": inviter_code}
        if nth % 2:
            refresh = client.post("/api/jwt/", {"phone_number": phone, **body}).json()["refresh"]
            client.post("/api/jwt/logout/", {"refresh": refresh})
        else:
            token = client.post("/api/login/", {"phone_number": phone, **body}).json()["token"]
            client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
            client.patch("/api/profile/", {"used_referral_code": "CDFHJK"})
            if not nth % 8:
                change_number(client)
            if not nth % 3:
                client.delete("/api/profile/")


def change_number(client: APIClient) -> None:
    asked = client.post("/api/profile/phone-number/", {"phone_number": phone_number()})
    if asked.status_code == 202:
        code = asked.json()["confirmation_code"]
        assert client.post("/api/profile/phone-number/confirm/", {"confirmation_code": code}).status_code == 200


def ask_on_pages(phone: str) -> None:
    """Ask for codes on the page: for a number that waits for one, and for other numbers, with a long `next`."""
    for _ in range(TIMES):
        for number in (phone, phone_number(), "12"):
            Client().post("/sign-in/", {"phone_number": number, "next": f"/{'x' * 60_000}"})


def guess(phone: str) -> None:
    for nth in range(TIMES):
        guessed = {"confirmation_code": f"{nth:04}"}
        APIClient().post("/api/login/", {"phone_number": phone, **guessed})
        APIClient().post(f"/api/verify/{uuid.uuid4()}/", guessed)
        APIClient().post("/api/jwt/refresh/", {"refresh": "x.y.z"})
        Client().get(f"/r/CDFHJ{'CDFHJK'[nth % 6]}/")
        form = {"username": phone_number(), "password": "x", "more": "x" * 10_000}
        Client(headers={"User-Agent": f"agent {nth}"}).post("/admin/login/", form)


def sign_out_again_and_again() -> None:
    """Collect more messages than a cookie holds."""
    browser = Client()
    for _ in range(TIMES):
        browser.post("/settings/sign-out/")


def test_a_flood_from_one_address_writes_no_more_than_the_table_says(
    clock: time_machine.Traveller, settings: Settings
) -> None:
    inviter = create_user()
    before = row_counts()

    waiting = phone_number()
    request_code(APIClient(), waiting)
    for _ in range(2):
        sign_in_everywhere(inviter.referral_code)
        ask_on_pages(waiting)
        guess(waiting)
        sign_out_again_and_again()
        clock.shift(1_795)
    settings.SMS_URL = "nonsense://{phone}"
    for _ in range(4 * TIMES):
        APIClient().post("/api/registration/", {"phone_number": phone_number()})

    after = row_counts()
    written = {table: after[table] - before[table] for table in after}
    assert {table: rows for table, rows in written.items() if rows > TABLE[table]} == {}
    assert {table for table in written if TABLE[table] and not written[table]} == {"django_session"}


def test_codes_that_are_not_redeemed_leave_30_rows() -> None:
    for _ in range(TIMES):
        APIClient().post("/api/registration/", {"phone_number": phone_number()})

    assert row_counts()["users_confirmationcode"] == row_counts()["users_delivery"] == 30


def test_a_browser_that_only_asks_has_no_row() -> None:
    browser = pages.anonymous_browser()

    pages.request_code(browser, phone_number())

    assert row_counts()["django_session"] == 0


def test_messages_that_no_gateway_takes_leave_a_bounded_number_of_rows(settings: Settings) -> None:
    settings.SMS_URL = "nonsense://{phone}"

    answers = [APIClient().post("/api/registration/", {"phone_number": phone_number()}) for _ in range(210)]

    assert {answer.status_code for answer in answers} == {503}
    assert Delivery.objects.count() == TABLE["users_delivery"] - TABLE["users_confirmationcode"]
    assert LimitCounter.objects.count() == 0


def test_renewing_a_jwt_adds_no_row() -> None:
    client, phone = APIClient(), phone_number()
    body = {"phone_number": phone, "confirmation_code": request_code(client, phone)}
    refresh = client.post("/api/jwt/", body).json()["refresh"]

    for _ in range(3):
        refresh = client.post("/api/jwt/refresh/", {"refresh": refresh}).json()["refresh"]

    assert row_counts()["users_jwtfamily"] == 1
    assert row_counts()["token_blacklist_outstandingtoken"] == 0


@pytest.mark.parametrize("path", [f"/profile/{'x' * 300}", "https://evil.example/"])
def test_a_next_that_is_too_long_or_elsewhere_is_dropped(path: str) -> None:
    answer = pages.sign_in(pages.anonymous_browser(), phone_number(), page=f"/sign-in/?next={path}")

    assert answer.redirect_chain == [("/profile/", 302)]
