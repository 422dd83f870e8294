"""Thousands of generated texts as phone numbers, codes and names."""

import json
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from rest_framework.test import APIClient

from tests.hostile_input.strategies import ANY_TEXT, CODE, PHONE, REFERRAL_CODE
from tests.support.examples import MAX_EXAMPLES
from tests.support.factories import api_client, create_user, phone_number, request_code
from users.models import ConfirmationCode, Referral

pytestmark = pytest.mark.django_db

many_examples = settings(
    max_examples=MAX_EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def send(client: APIClient, method: str, path: str, **body: str):
    return client.generic(method, path, json.dumps(body), content_type="application/json")


@given(typed=PHONE)
@many_examples
def test_any_text_as_phone_number_is_answered(client: APIClient, typed: str) -> None:
    before = ConfirmationCode.objects.count()

    answer = send(client, "POST", "/api/registration/", phone_number=typed)

    assert answer.status_code in (202, 400, 429)
    if answer.status_code == 202:
        ConfirmationCode.objects.get(phone_number=answer.json()["phone_number"])
    else:
        assert answer["Content-Type"] == "application/problem+json"
        assert ConfirmationCode.objects.count() == before


@given(typed=CODE)
@many_examples
def test_only_well_formed_codes_cost_a_try(client: APIClient, typed: str) -> None:
    phone = phone_number()
    code = request_code(client, phone)

    answer = send(client, "POST", "/api/login/", phone_number=phone, confirmation_code=typed)

    digits = "".join(str(unicodedata.decimal(each)) for each in typed if each.isdecimal())
    wrong_tries = ConfirmationCode.objects.get(phone_number=phone).wrong_tries
    if re.fullmatch(r"\s*(\d\s*){4}", typed):
        assert (answer.status_code, wrong_tries) == ((200, 0) if digits == code else (400, 1))
    else:
        assert answer.status_code == (200 if digits == code else 400)
        assert not wrong_tries or len(digits) == 4


@given(typed=REFERRAL_CODE)
@many_examples
def test_any_text_as_invite_code_is_refused(typed: str) -> None:
    me = api_client(create_user())

    answer = send(me, "PATCH", "/api/profile/", used_referral_code=typed)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert Referral.objects.count() == 0


@given(name=ANY_TEXT)
@many_examples
def test_any_text_as_name_is_stored_or_refused(name: str) -> None:
    me = api_client(create_user(username="Anna"))

    answer = send(me, "PATCH", "/api/profile/", username=name)

    kept = me.get("/api/profile/").json()["username"]
    if answer.status_code == 400:
        assert kept == "Anna"
    else:
        assert unicodedata.normalize("NFC", " ".join(kept.split())) == kept
        assert send(me, "PATCH", "/api/profile/", username=kept).json()["username"] == kept
