"""Spellings of phone numbers."""

import io

import pytest
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import sign_up
from users.models import ConfirmationCode, User

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_all_spellings_of_a_number_are_one_user(client: APIClient) -> None:
    for typed in ("8 999 999-99-99", "+7 999 9999999", "+79999999999", "8(999)9999999", "+7\u00a0999\u2013999.99.99"):
        assert sign_up(client, typed)["profile"]["phone_number"] == "+79999999999"

    assert User.objects.count() == 1


@pytest.mark.parametrize("number", ["+381601234567", "+77011234567", "+447911123456", "+12015550123"])
def test_foreign_numbers_are_kept(client: APIClient, number: str) -> None:
    assert sign_up(client, number)["profile"]["phone_number"] == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "abc+79161234567",
        "+7 916 CALL NOW",
        "+79161234567;ext=5",
        "+79161234567 ext. 5",
        "tel:+79161234567",
        "+7916123456",
        "+791612345678",
        "+7 495 123-45-67",  # a landline
        "+999123456789",
        "٠٩١٦١٢٣٤٥٦٧",
        "+79161234567\n+79161234568",
        "🙂",
        "+" * 40,
    ],
)
def test_other_than_mobile_numbers_are_refused(client: APIClient, typed: str) -> None:
    answer = client.post("/api/registration/", {"phone_number": typed})

    assert answer.status_code == 400
    assert "phone_number" in answer.json()["errors"]
    assert ConfirmationCode.objects.count() == 0


def test_national_numbers_use_the_default_region(client: APIClient, settings: Settings) -> None:
    settings.PHONENUMBER_DEFAULT_REGION = "RS"

    assert sign_up(client, "060 1234567")["profile"]["phone_number"] == "+381601234567"


def test_createsuperuser_accepts_any_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["not a number", "8 (999) 111-22-33"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(typed))
    monkeypatch.setattr("getpass.getpass", lambda *_prompt: "a long password of staff")
    errors = io.StringIO()

    call_command("createsuperuser", stdin=Terminal(), stderr=errors, stdout=io.StringIO())

    assert "Enter a mobile phone number" in errors.getvalue()
    assert User.objects.get(is_superuser=True).phone_number == "+79991112233"
