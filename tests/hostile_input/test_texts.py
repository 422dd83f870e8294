"""Thousands of texts where a phone number, a code or a name is asked for."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from rest_framework.test import APIClient

from tests.hostile_input.typed import ANY_TEXT, CODE, PHONE, REFERRAL_CODE
from tests.support.factories import ask_for_code, person, phone_number, signed_in
from users.models import ConfirmationCode, Referral

pytestmark = pytest.mark.django_db

many = settings(
    max_examples=500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def send(client: APIClient, method: str, path: str, **body: str):
    return client.generic(method, path, json.dumps(body), content_type="application/json")


@given(typed=PHONE)
@many
def test_what_is_typed_as_a_phone_number_gets_a_code_or_a_reason(client: APIClient, typed: str) -> None:
    before = ConfirmationCode.objects.count()

    answer = send(client, "POST", "/api/registration/", phone_number=typed)

    assert answer.status_code in (202, 400, 429)
    if answer.status_code == 202:
        ConfirmationCode.objects.get(phone_number=answer.json()["phone_number"])
    else:
        assert answer["Content-Type"] == "application/problem+json"
        assert ConfirmationCode.objects.count() == before


@given(typed=CODE)
@many
def test_what_is_typed_as_a_confirmation_code_costs_a_try_only_when_it_could_be_one(
    client: APIClient, typed: str
) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)

    answer = send(client, "POST", "/api/login/", phone_number=phone, confirmation_code=typed)

    is_a_code = len(typed.strip()) == 4 and typed.strip().isascii() and typed.strip().isdigit()
    assert answer.status_code == (200 if typed.strip() == code else 400)
    assert ConfirmationCode.objects.get(phone_number=phone).wrong_tries == (is_a_code and typed.strip() != code)


@given(typed=REFERRAL_CODE)
@settings(many, max_examples=300)
def test_what_is_typed_as_an_invite_code_is_nobodys(client: APIClient, typed: str) -> None:
    me = signed_in(person())

    answer = send(me, "PATCH", "/api/profile/", used_referral_code=typed)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert Referral.objects.count() == 0


@given(name=ANY_TEXT)
@settings(many, max_examples=300)
def test_a_name_is_kept_as_it_is_or_refused(client: APIClient, name: str) -> None:
    me = signed_in(person(username="Anna"))

    answer = send(me, "PATCH", "/api/profile/", username=name)

    kept = me.get("/api/profile/").json()["username"]
    assert (answer.status_code, kept) in ((200, name.strip()), (400, "Anna"))
