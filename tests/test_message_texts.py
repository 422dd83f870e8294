"""Messages name the service, fit into one SMS, and end in the line by which a phone fills in the code."""

import importlib
import os
import re
import sys
from datetime import date
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import override
from pytest_django import Settings

import referral_project
from common.sms_texts import fits_one_sms
from tests.support.api import post_registration
from tests.support.factories import api_client, create_user
from tests.support.fake_gateways import Gateway
from users.models import Purpose
from users.sign_in import texts

HASH = "FA+9qCX9VSu"
asks_for_a_code = pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/registration/", {"phone_number": "+79161234567"}),
        ("/api/profile/phone-number/", {"phone_number": "+79161234567"}),
        ("/api/profile/confirm/", {}),
    ],
)


@pytest.fixture
def published(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://app.example.ru"


@pytest.mark.django_db
@pytest.mark.usefixtures("published")
def test_the_message_ends_in_the_line_of_this_site(settings: Settings) -> None:
    settings.SERVICE_NAME = "Acme"
    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        code = post_registration().json()["confirmation_code"]

    ((_, text),) = gateway.accepted
    assert text == f"Acme: Your code is {code}. Tell it to nobody.\n@app.example.ru #{code}"


@pytest.mark.django_db
@pytest.mark.usefixtures("published")
@asks_for_a_code
def test_an_android_app_gets_its_hash_instead(settings: Settings, path: str, fields: dict[str, str]) -> None:
    settings.ANDROID_APP_HASHES = [HASH]
    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        sent = api_client(create_user()).post(path, {**fields, "app": HASH})

    ((_, text),) = gateway.accepted
    first, last = text.splitlines()
    assert sent.json()["confirmation_code"] in first
    assert last == HASH


@pytest.mark.django_db
@asks_for_a_code
def test_an_unknown_app_is_refused(path: str, fields: dict[str, str]) -> None:
    """A malicious app on a phone could otherwise have the codes of its owner sent to itself."""
    refused = api_client(create_user()).post(path, {**fields, "app": HASH})

    assert refused.status_code == 400
    assert refused.json()["errors"]["app"][0]["code"] == "app_unknown"


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("purpose", Purpose)
def test_every_text_fits_into_one_sms(settings: Settings, language: str, purpose: Purpose) -> None:
    settings.SERVICE_NAME = "A service with a long name, forty letters"
    with override(language):
        for code in ("1234", "12345678"):
            text = texts.of_code(code, purpose)

            assert fits_one_sms(text), text
            assert text.count(code) == 2
            assert text.endswith(f"\n@app.example.ru #{code}")


def test_purposes_have_texts_of_their_own() -> None:
    assert len({texts.of_code("1234", purpose) for purpose in Purpose}) == len(Purpose)


def test_the_operator_sets_the_text_of_each_language(settings: Settings) -> None:
    settings.CODE_TEXT_EN, settings.CODE_TEXT_RU = "Acme {code}", "Акме {code}"

    assert texts.of_code("1234", Purpose.SIGN_IN) == "Acme 1234"
    with override("ru"):
        assert texts.of_code("1234", Purpose.CONFIRM) == "Акме 1234"


@pytest.mark.parametrize(
    ("text", "fits"),
    [("x" * 160, True), ("x" * 161, False), ("я" * 70, True), ("я" * 71, False), ("€" * 80, True), ("€" * 81, False),
     ("😀" * 35, True), ("😀" * 36, False), ("", True)],
)  # fmt: skip
def test_the_length_of_one_sms(text: str, fits: bool) -> None:
    assert fits_one_sms(text) is fits


def read_settings(environment: dict[str, str]) -> Any:
    """Read the settings again, as a process that starts does."""
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.dict(sys.modules),
        mock.patch.object(referral_project, "settings", create=True),
    ):
        for name in [name for name in sys.modules if name.startswith("referral_project.settings")]:
            del sys.modules[name]
        return importlib.import_module("referral_project.settings")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"CODE_TEXT_EN": "Your code"}, "CODE_TEXT_EN lacks {code}."),
        ({"CODE_TEXT_RU": "я" * 63 + " {code}"}, "CODE_TEXT_RU is longer than one SMS"),
        ({"CODE_TEXT_RU": "я" * 55 + " {code}", "ANDROID_APP_HASHES": HASH}, "CODE_TEXT_RU is longer than one SMS"),
        ({"CODE_TEXT_EN": "{code} {name}"}, "CODE_TEXT_EN has one place to fill in"),
        ({"ANDROID_APP_HASHES": "short"}, "A hash in ANDROID_APP_HASHES has 11 characters"),
        ({"TEST_PHONE_NUMBERS": "+79990000001=1234"}, "TEST_PHONE_NUMBERS lists number, code and last day"),
        ({"TEST_PHONE_NUMBERS": "+79990000001=1234 until 2027-02-30"}, "TEST_PHONE_NUMBERS lists number, code and"),
    ],
)
def test_settings_are_checked_at_the_start(environment: dict[str, str], told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(told)):
        read_settings(environment)


def test_test_numbers_are_read() -> None:
    read = read_settings(
        {"TEST_PHONE_NUMBERS": "+79990000001=1234 until 2027-01-31, +12025550123=123456 until 2027-02-28"}
    )

    assert {
        "+79990000001": ("1234", date(2027, 1, 31)),
        "+12025550123": ("123456", date(2027, 2, 28)),
    } == read.TEST_PHONE_NUMBERS
