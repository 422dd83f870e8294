"""Everything that is kept about a person, for them to take along."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.support.factories import ask_for_code, invited_by, person, phone_number, sign_up, signed_in, superuser, wrong
from tests.support.panel import browser_of, page_of
from users.models import AuditRecord, ConfirmationCode, User
from users.people.erasure import erase

pytestmark = pytest.mark.django_db

Export = Callable[[User], dict[str, Any]]


def by_the_api(user: User) -> Any:
    return signed_in(user).get("/api/profile/export/")


def on_the_page(user: User) -> Any:
    return browser_of(user).get("/settings/data/")


def by_staff(user: User) -> Any:
    return browser_of(superuser()).get(page_of(user, "personal-data"))


@pytest.fixture(params=[by_the_api, on_the_page, by_staff])
def export(request: pytest.FixtureRequest) -> Export:
    """Three ways to the same file."""

    def download(user: User) -> dict[str, Any]:
        answer = request.param(user)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/json"
        assert answer["Content-Disposition"].startswith('attachment; filename="personal-data-20')
        assert answer["Cache-Control"].startswith("no-store")
        return dict(json.loads(answer.getvalue()))

    return download


@pytest.fixture
def anna(client: APIClient) -> User:
    """Somebody who has used all that there is."""
    phone = phone_number()
    code = ask_for_code(client, phone, username="Anna")
    assert client.post("/api/login/", {"phone_number": phone, "confirmation_code": wrong(code)}).status_code == 400
    inviter = person()
    body = {"phone_number": phone, "confirmation_code": code, "used_referral_code": inviter.referral_code}
    assert client.post("/api/login/", body).status_code == 200
    Client().post("/admin/login/", {"username": phone, "password": "guess"})
    return User.objects.get(phone_number=phone)


def test_tells_everything(export: Export, anna: User) -> None:
    boris, erased = invited_by(anna), invited_by(anna)
    erase(user=erased)

    told = export(anna)

    assert told["profile"]["phone_number"] == str(anna.phone_number)
    assert told["profile"]["username"] == "Anna"
    assert told["profile"]["referral_code"] == anna.referral_code
    assert told["profile"]["used_referral_code"] == anna.used_referral_code
    assert told["profile"]["referrals_count"] == 2
    assert [each["phone_number"] for each in told["referrals"]] == [None, str(boris.phone_number)]
    assert [each["succeeded"] for each in told["sign_in_attempts"]] == [True]
    assert [each["state"] for each in told["messages"]] == ["delivered"]
    assert [each["wrong_tries"] for each in told["confirmation_codes"]] == [1]
    assert len(told["wrong_passwords"]) == 1
    assert len(told["sessions"]) >= 1


def test_has_the_keys_that_the_documentation_describes(anna: User) -> None:
    invited_by(anna)
    by_staff(anna)

    told = json.loads(by_the_api(anna).getvalue())

    schemas = APIClient().get("/api/schema/?format=json").json()["components"]["schemas"]
    described = schemas["PersonalData"]["properties"]
    assert list(told) == list(described)
    for name, value in told.items():
        if name != "exported_at":
            reference = described[name].get("items", described[name])["$ref"]
            row = value if isinstance(value, dict) else value[0]
            assert list(row) == list(schemas[reference.rpartition("/")[2]]["properties"]), name


def test_tells_nothing_of_whoever_invited_them(export: Export, anna: User) -> None:
    inviter = anna.invitation.inviter
    assert inviter

    told = json.dumps(export(anna))

    assert str(inviter.phone_number) not in told
    assert str(inviter.phone_number)[-10:] not in told


def test_tells_no_secret(anna: User) -> None:
    _, token = AuthToken.objects.create(anna)
    secrets = [token]
    for row in AuthToken.objects.filter(user=anna):
        secrets += [row.digest, row.token_key]
    secrets += [code.digest for code in ConfirmationCode.objects.filter(phone_number=anna.phone_number)]

    told = by_the_api(anna).getvalue().decode()

    assert len(secrets) == 6
    assert [secret for secret in secrets if secret in told] == []


def test_tells_nothing_of_others(export: Export, anna: User, client: APIClient) -> None:
    other = sign_up(client, phone_number())["profile"]["phone_number"]

    assert other not in json.dumps(export(anna))


def test_goes_on_page_after_page(monkeypatch: pytest.MonkeyPatch, anna: User) -> None:
    monkeypatch.setattr("users.people.personal_data._ROWS_AT_ONCE", 2)
    phones = [str(invited_by(anna).phone_number) for _ in range(7)]

    told = json.loads(by_the_api(anna).getvalue())

    assert [each["phone_number"] for each in told["referrals"]] == phones[::-1]


def test_is_for_those_who_have_signed_in(client: APIClient) -> None:
    assert client.get("/api/profile/export/").status_code == 401
    assert Client().get("/settings/data/").status_code == 302
    assert browser_of(person()).get(page_of(person(), "personal-data")).status_code == 302


def test_that_staff_took_it_is_on_record_and_told(anna: User) -> None:
    by_staff(anna)

    record = AuditRecord.objects.get(action=AuditRecord.Action.EXPORTED)
    assert record.person == anna
    actions = json.loads(by_the_api(anna).getvalue())["actions_of_staff"]
    assert [each["action"] for each in actions] == ["exported"]
