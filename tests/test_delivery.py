"""Delivery within the request, without a broker; delivery by workers is in stack/test_delivery_worker.py."""

import time
from collections.abc import Iterator

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import phone_number, request_code
from tests.support.fake_gateways import Gateway
from users.models import ConfirmationCode, Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().running() as running:
        yield running


def test_request_delivers_the_code_without_a_broker(client: APIClient, settings: Settings, gateway: Gateway) -> None:
    settings.SMS_URL = gateway.sms_url
    phone = phone_number()

    code = request_code(client, phone)

    assert gateway.message_to(phone) == f"Your code is {code}. Tell it to nobody."
    assert Delivery.objects.get().sealed_text == ""


def test_gateway_failure_is_reported_and_leaves_no_code(
    client: APIClient, settings: Settings, gateway: Gateway
) -> None:
    settings.SMS_URL = gateway.sms_url
    gateway.failures_to_come = 1
    phone = phone_number()

    refused = client.post("/api/registration/", {"phone_number": phone})

    assert refused.status_code == 503
    assert refused.json()["code"] == "delivery_unavailable"
    assert int(refused["Retry-After"]) > 0
    assert ConfirmationCode.objects.count() == 0
    assert Delivery.objects.get().sealed_text == ""
    request_code(client, phone)


def test_console_gateway_waits(client: APIClient, settings: Settings) -> None:
    settings.CONSOLE_SMS_MIN_DELAY_SECONDS = settings.CONSOLE_SMS_MAX_DELAY_SECONDS = 0.2

    start = time.monotonic()
    request_code(client, phone_number())

    assert time.monotonic() - start >= 0.2
