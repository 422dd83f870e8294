"""Requesting a code."""

from datetime import timedelta

import pytest
from django.conf import settings as defaults
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import create_user, phone_number, request_code, sign_up
from users.models import ConfirmationCode, User

pytestmark = pytest.mark.django_db


def test_response_has_the_number_and_the_lifetimes(client: APIClient) -> None:
    before = timezone.now()

    answer = client.post("/api/registration/", {"phone_number": "8 (999) 123-45-67"})

    assert answer.status_code == 202
    body = answer.json()
    assert body["phone_number"] == "+79991234567"
    lifetime = timedelta(seconds=defaults.CONFIRMATION_CODE_LIFETIME_SECONDS)
    cooldown = timedelta(seconds=defaults.CONFIRMATION_CODE_RESEND_SECONDS)
    assert before + lifetime <= parse_datetime(body["expires_at"]) <= timezone.now() + lifetime
    assert before + cooldown <= parse_datetime(body["resend_at"]) <= timezone.now() + cooldown
    assert body["verify_url"] == f"http://127.0.0.1:8000/api/verify/{body['verification_token']}/"
    assert len(body["confirmation_code"]) == 4
    assert body["confirmation_code"].isdecimal()


def test_known_and_unknown_numbers_get_the_same_response_and_queries(client: APIClient) -> None:
    known, unknown = str(create_user().phone_number), phone_number()

    with CaptureQueriesContext(connection) as for_unknown:
        answer_to_unknown = client.post("/api/registration/", {"phone_number": unknown})
    with CaptureQueriesContext(connection) as for_known:
        answer_to_known = client.post("/api/registration/", {"phone_number": known})

    assert answer_to_known.status_code == answer_to_unknown.status_code == 202
    assert answer_to_known.json().keys() == answer_to_unknown.json().keys()
    assert len(for_known) == len(for_unknown)


def test_requesting_a_code_creates_no_user_or_invite_code(client: APIClient) -> None:
    request_code(client, phone_number())

    assert User.objects.count() == 0


def test_code_is_in_the_response_only_if_exposed(client: APIClient, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_EXPOSED = False

    answer = client.post("/api/registration/", {"phone_number": phone_number()})

    assert answer.status_code == 202
    assert "confirmation_code" not in answer.json()


def test_code_is_printed_only_if_exposed(
    client: APIClient, settings: Settings, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    code = request_code(client, phone_number())
    assert f"Your code is {code}" in capsys.readouterr().out
    assert code not in caplog.text

    settings.CONFIRMATION_CODE_EXPOSED = False
    client.post("/api/registration/", {"phone_number": phone_number()})

    assert "Your code is ****" in capsys.readouterr().out


def test_code_is_not_stored(client: APIClient) -> None:
    phone = phone_number()

    code = request_code(client, phone)

    stored = ConfirmationCode.objects.values().get(phone_number=phone)
    del stored["id"], stored["phone_number"], stored["verification_token"], stored["digest"]
    assert code not in [str(value) for value in stored.values()]
    assert ConfirmationCode.objects.get().digest != code


def test_new_code_requires_the_cooldown(client: APIClient) -> None:
    phone = phone_number()
    request_code(client, phone)

    too_soon = client.post("/api/registration/", {"phone_number": phone})

    assert too_soon.status_code == 429
    assert too_soon.json()["code"] == "code_recently_sent"
    assert 0 < int(too_soon["Retry-After"]) <= 60
    assert too_soon.json()["retry_after"] == int(too_soon["Retry-After"])

    ConfirmationCode.objects.update(resend_at=timezone.now())
    request_code(client, phone)


def test_sign_in_ends_the_cooldown(client: APIClient) -> None:
    phone = phone_number()
    sign_up(client, phone)

    again = sign_up(client, phone)

    assert again["is_new_user"] is False


def test_name_is_used_at_the_first_sign_in(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone, username="Анна д'Арк-Шмидт")

    login = client.post("/api/login/", {"phone_number": phone, "confirmation_code": code})

    assert login.json()["profile"]["username"] == "Анна д'Арк-Шмидт"


def test_requesting_a_code_does_not_rename_a_user(client: APIClient) -> None:
    anna = create_user(username="Anna")
    code = request_code(client, str(anna.phone_number), username="Mallory")

    login = client.post("/api/login/", {"phone_number": str(anna.phone_number), "confirmation_code": code})

    assert login.json()["profile"]["username"] == "Anna"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "phone_number", "required"),
        ({"phone_number": None}, "phone_number", "null"),
        ({"phone_number": ["+79991234567"]}, "phone_number", "invalid"),
        ({"phone_number": "abc"}, "phone_number", "phone_number_invalid"),
        ({"phone_number": "+79991234567", "username": "x" * 151}, "username", "max_length"),
        ({"phone_number": "+79991234567", "username": "Anna \N{GRINNING FACE}"}, "username", "username_invalid"),
        ({"phone_number": "+79991234567", "username": "An\0na"}, "username", "null_characters_not_allowed"),
        ({"phone_number": "+79991234567", "is_staff": True}, "is_staff", "unknown_field"),
    ],
)
def test_invalid_input_is_rejected_and_writes_nothing(
    client: APIClient, body: dict[str, object], field: str, code: str
) -> None:
    answer = client.post("/api/registration/", body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_input"
    assert code in [error["code"] for error in answer.json()["errors"][field]]
    assert ConfirmationCode.objects.count() == 0
