"""Single API calls, each by a new client that is not signed in unless one is given."""

from typing import Any

from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import phone_number

#: The address of Django's test client.
CLIENT_IP = "127.0.0.1"


def post_registration(phone: str | None = None, *, client_ip: str = CLIENT_IP) -> Any:
    """Request a code, by default for an unused number."""
    return APIClient().post("/api/registration/", {"phone_number": phone or phone_number()}, REMOTE_ADDR=client_ip)


def post_login(phone: str, code: str, *, client_ip: str = CLIENT_IP, **fields: str) -> Any:
    body = {"phone_number": phone, "confirmation_code": code, **fields}
    return APIClient().post("/api/login/", body, REMOTE_ADDR=client_ip)


def activate_code(client: APIClient, code: Any) -> Any:
    """Enter another user's invite code in the profile."""
    return client.patch("/api/profile/", {"used_referral_code": code})


def change_number(client: APIClient, phone: str) -> Any:
    """Ask for a code to a new number of one's own, and redeem it."""
    asked = client.post("/api/profile/phone-number/", {"phone_number": phone})
    assert asked.status_code == 202, asked.content
    body = {"confirmation_code": asked.json()["confirmation_code"]}
    return client.post("/api/profile/phone-number/confirm/", body)


def break_registration(settings: Settings) -> None:
    """Make every request for a code fail with an unexpected exception."""
    settings.SMS_URL = None


def cause_server_error(settings: Settings) -> HttpResponse:
    """Return the response to a request that fails with an unexpected exception."""
    break_registration(settings)
    client = Client(raise_request_exception=False)
    return client.post("/api/registration/", {"phone_number": phone_number()}, content_type="application/json")  # type: ignore[return-value]
