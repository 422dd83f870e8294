"""The export of personal data."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.support.api import change_number
from tests.support.factories import (
    api_client,
    create_superuser,
    create_user,
    phone_number,
    request_code,
    service_client,
    sign_up,
    token_header,
    wrong_code,
)
from tests.support.panel import panel_client, user_page
from users.models import AuditRecord, ConfirmationCode, User
from users.people.erasure import erase

pytestmark = pytest.mark.django_db

Export = Callable[[User], dict[str, Any]]


def by_the_api(user: User) -> Any:
    return api_client(user).get("/api/profile/export/")


def on_the_page(user: User) -> Any:
    return panel_client(user).get("/settings/data/")


def by_staff(user: User) -> Any:
    return panel_client(create_superuser()).get(user_page(user, "personal-data"))


@pytest.fixture(params=[by_the_api, on_the_page, by_staff])
def export(request: pytest.FixtureRequest) -> Export:
    """Export by the API, on the page and by staff."""

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
    """A user with data of every kind."""
    phone = phone_number()
    code = request_code(client, phone, username="Anna")
    assert client.post("/api/login/", {"phone_number": phone, "confirmation_code": wrong_code(code)}).status_code == 400
    inviter = create_user()
    body = {"phone_number": phone, "confirmation_code": code, "used_referral_code": inviter.referral_code}
    assert client.post("/api/login/", body).status_code == 200
    Client().post("/admin/login/", {"username": phone, "password": "guess"})
    return User.objects.get(phone_number=phone)


def test_export_is_complete(export: Export, anna: User) -> None:
    boris, erased = create_user(invited_by=anna), create_user(invited_by=anna)
    erase(user=erased)

    result = export(anna)

    assert result["profile"]["phone_number"] == str(anna.phone_number)
    assert result["profile"]["username"] == "Anna"
    assert result["profile"]["referral_code"] == anna.referral_code
    assert result["profile"]["used_referral_code"] == anna.used_referral_code
    assert result["profile"]["referrals_count"] == 2
    assert [each["phone_number"] for each in result["referrals"]] == [None, str(boris.phone_number)]
    assert [each["succeeded"] for each in result["sign_in_attempts"]] == [True]
    assert [each["state"] for each in result["messages"]] == ["delivered"]
    assert [each["wrong_tries"] for each in result["confirmation_codes"]] == [1]
    assert len(result["wrong_passwords"]) == 1
    assert len(result["sessions"]) >= 1


def test_export_has_the_keys_of_its_schema(anna: User) -> None:
    create_user(invited_by=anna)
    by_staff(anna)
    phone = str(anna.phone_number)
    body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
    refresh = {"refresh": APIClient().post("/api/jwt/", body).json()["refresh"]}
    assert APIClient().post("/api/jwt/refresh/", refresh).status_code == 200
    for number in (phone_number(), phone):  # change the number and change it back
        service_client().patch(f"/api/users/{anna.public_id}/", {"phone_number": number})
    anna.refresh_from_db()
    for number in (phone_number(), phone):
        assert change_number(api_client(anna), number).status_code == 200

    told = json.loads(by_the_api(anna).getvalue())

    schemas = APIClient().get("/api/schema/?format=json").json()["components"]["schemas"]
    described = schemas["PersonalData"]["properties"]
    assert list(told) == list(described)
    for name, value in told.items():
        if name != "exported_at":
            reference = described[name].get("items", described[name])["$ref"]
            row = value if isinstance(value, dict) else value[0]
            assert list(row) == list(schemas[reference.rpartition("/")[2]]["properties"]), name


def test_export_does_not_identify_the_inviter(export: Export, anna: User) -> None:
    inviter = anna.invitation.inviter
    assert inviter

    result = json.dumps(export(anna))

    assert str(inviter.phone_number) not in result
    assert str(inviter.phone_number)[-10:] not in result


def test_export_contains_no_secrets(anna: User) -> None:
    secrets = [token_header(anna).removeprefix("Token ")]
    for row in AuthToken.objects.filter(user=anna):
        secrets += [row.digest, row.token_key]
    secrets += [code.digest for code in ConfirmationCode.objects.filter(phone_number=anna.phone_number)]

    result = by_the_api(anna).getvalue().decode()

    assert len(secrets) == 6
    assert [secret for secret in secrets if secret in result] == []


def test_export_contains_nothing_about_other_users(export: Export, anna: User, client: APIClient) -> None:
    other = sign_up(client, phone_number())["profile"]["phone_number"]

    assert other not in json.dumps(export(anna))


def test_export_covers_more_than_one_page(monkeypatch: pytest.MonkeyPatch, anna: User) -> None:
    monkeypatch.setattr("users.people.personal_data._ROWS_AT_ONCE", 2)
    phones = [str(create_user(invited_by=anna).phone_number) for _ in range(7)]

    result = json.loads(by_the_api(anna).getvalue())

    assert [each["phone_number"] for each in result["referrals"]] == phones[::-1]


def test_export_requires_authentication(client: APIClient) -> None:
    assert client.get("/api/profile/export/").status_code == 401
    assert Client().get("/settings/data/").status_code == 302
    assert panel_client(create_user()).get(user_page(create_user(), "personal-data")).status_code == 302


def test_export_by_staff_is_audited_and_listed(anna: User) -> None:
    by_staff(anna)

    record = AuditRecord.objects.get(action=AuditRecord.Action.EXPORTED)
    assert record.person == anna
    actions = json.loads(by_the_api(anna).getvalue())["actions_of_staff"]
    assert [each["action"] for each in actions] == ["exported"]
