"""A database that fails in the middle of a request: nothing is kept of it, and no limit or code is used up."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.broken_tables import full_table
from tests.support.factories import phone_number, request_code
from users.models import ConfirmationCode, Delivery, SignInAttempt, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> APIClient:
    """A client that is answered as in production, where a defect of the service is an answer too."""
    return APIClient(raise_request_exception=False)


@pytest.mark.parametrize("table", ["users_confirmationcode", "users_delivery"])
def test_a_code_that_is_not_saved_leaves_nothing_and_counts_towards_no_limit(
    client: APIClient, settings: Settings, table: str
) -> None:
    settings.LIMIT_CODES_PER_NUMBER = settings.LIMIT_CODES_PER_ADDRESS = "1/hour"
    phone = phone_number()

    with full_table(table):
        failed = client.post("/api/registration/", {"phone_number": phone})

    assert failed.status_code >= 500
    assert (ConfirmationCode.objects.count(), Delivery.objects.count()) == (0, 0)
    request_code(client, phone)


def sign_in_by_token(client: APIClient, phone: str, code: str) -> Any:
    return client.post("/api/login/", {"phone_number": phone, "confirmation_code": code})


def sign_in_for_jwt(client: APIClient, phone: str, code: str) -> Any:
    return client.post("/api/jwt/", {"phone_number": phone, "confirmation_code": code})


def sign_in_by_link(client: APIClient, phone: str, code: str) -> Any:
    token = ConfirmationCode.objects.get(phone_number=phone).verification_token
    return client.post(f"/api/verify/{token}/", {"confirmation_code": code})


@pytest.mark.parametrize(
    ("sign_in", "table"),
    [
        (sign_in_by_token, "knox_authtoken"),
        (sign_in_by_link, "knox_authtoken"),
        (sign_in_for_jwt, "users_user"),
        (sign_in_for_jwt, "users_signinattempt"),
    ],
)
def test_a_session_that_is_not_saved_leaves_the_code_valid(
    client: APIClient, settings: Settings, sign_in: Any, table: str
) -> None:
    settings.LIMIT_FAILED_SIGN_INS_PER_ADDRESS = "1/hour"
    phone = phone_number()
    code = request_code(client, phone)

    with full_table(table):
        failed = sign_in(client, phone, code)

    assert failed.status_code >= 500
    assert (User.objects.count(), SignInAttempt.objects.count()) == (0, 0)
    assert sign_in(client, phone, code).status_code == 200


@pytest.mark.parametrize("table", ["django_session", "users_user"])
def test_a_browser_session_that_is_not_saved_leaves_the_code_valid(table: str) -> None:
    browser, phone = Client(raise_request_exception=False), phone_number()
    code = pages.request_code(browser, phone)

    with full_table(table):
        failed = browser.post("/sign-in/code/", {"confirmation_code": code})

    assert failed.status_code >= 500
    assert User.objects.count() == 0
    assert browser.post("/sign-in/code/", {"confirmation_code": code}).headers["Location"] == "/profile/"
