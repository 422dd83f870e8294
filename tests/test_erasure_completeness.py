"""After an erasure no column of any table holds data of the user; every table in the database is read."""

import re

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client
from knox.models import AuthToken
from phonenumber_field.modelfields import PhoneNumberField
from rest_framework.test import APIClient

from tests.support.api import change_number
from tests.support.factories import (
    authorized_client,
    create_user,
    phone_number,
    request_code,
    service_client,
    sign_up,
    wrong_code,
)
from tests.support.panel import panel_client, user_page
from tests.support.tables import stored_values, tables_with
from users.models import JWTFamily, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]

PHONE = "+79123456780"
NAME = "Zinaida Nezabudkina"
STAFF_FORM = {"is_staff": "on", "is_active": "on", "phone_number": PHONE, "username": NAME}


def tables_with_number(phone: str) -> set[str]:
    """Return the tables that contain a number in any format."""
    national = phone[-10:]
    return {table for table, _, value in stored_values() if national in re.sub(r"\D", "", value)}


@pytest.fixture
def token(client: APIClient, admin_client: Client) -> str:
    """Create a user with rows in every table that can hold personal data; return their token."""
    token = sign_up(client, PHONE, used_referral_code=create_user().referral_code)["token"]
    me = authorized_client(f"Token {token}")
    assert me.patch("/api/profile/", {"username": NAME}).status_code == 200
    zinaida = User.objects.get(phone_number=PHONE)
    create_user(invited_by=zinaida)

    code = request_code(client, PHONE)
    pair = client.post("/api/jwt/", {"phone_number": PHONE, "confirmation_code": code}).json()
    assert client.post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 200

    group = str(Group.objects.create(name="Office").pk)
    for number in (phone_number(), PHONE):  # change the number and change it back
        changes = {**STAFF_FORM, "groups": group, "phone_number": number}
        assert admin_client.post(user_page(zinaida), changes).status_code == 302
    passwords = {"password1": "unguessable-0", "password2": "unguessable-0"}
    assert admin_client.post(f"/admin/users/user/{zinaida.pk}/password/", passwords).status_code == 302
    zinaida.refresh_from_db()
    assert panel_client(zinaida).get("/admin/").status_code == 200
    assert Client().post("/admin/login/", {"username": "8 912 345-67-80", "password": "guess"}).status_code == 200

    token = sign_up(client, PHONE)["token"]  # the change of the number ended the first session
    me = authorized_client(f"Token {token}")
    for number in (phone_number(), PHONE):
        assert change_number(me, number).status_code == 200
    code = request_code(client, PHONE, username=NAME)
    assert client.post("/api/login/", {"phone_number": PHONE, "confirmation_code": wrong_code(code)}).status_code == 400
    return str(token)


@pytest.fixture(params=["by oneself", "by a service", "in the panel"])
def erase(request: pytest.FixtureRequest, token: str, admin_client: Client):
    def by_oneself() -> None:
        assert authorized_client(f"Token {token}").delete("/api/profile/").status_code == 204

    def by_a_service() -> None:
        User.objects.filter(phone_number=PHONE).update(is_staff=False)  # services erase no staff
        path = f"/api/users/{User.objects.get(phone_number=PHONE).public_id}/"
        assert service_client().delete(path).status_code == 204

    def in_the_panel() -> None:
        page = user_page(User.objects.get(phone_number=PHONE), "delete")
        assert admin_client.post(page, {"post": "yes"}).status_code == 302

    return {"by oneself": by_oneself, "by a service": by_a_service, "in the panel": in_the_panel}[request.param]


def test_fixture_writes_the_number_to_every_possible_table(token: str) -> None:
    can_hold_one = {
        model._meta.db_table
        for model in apps.get_models()
        if any(isinstance(field, PhoneNumberField) for field in model._meta.fields)
    }

    assert tables_with_number(PHONE) >= can_hold_one | {"axes_accessattempt", "users_auditrecord"}


def test_number_and_name_are_removed_from_every_table(erase) -> None:
    erase()

    assert tables_with_number(PHONE) == set()
    for part in NAME.split():
        assert tables_with(part) == set()


def test_tokens_are_removed_from_every_table(erase, token: str) -> None:
    secrets = [token, *AuthToken.objects.filter(user__phone_number=PHONE).values_list("digest", flat=True)]
    for family in JWTFamily.objects.filter(user__phone_number=PHONE):
        secrets += [family.pk.hex, family.current.hex, str(family.pk), str(family.current)]
    assert len(secrets) >= 6

    erase()

    assert [secret for secret in secrets if tables_with(secret)] == []


def test_code_is_kept_only_as_retired_and_by_referrals(erase) -> None:
    code = User.objects.get(phone_number=PHONE).referral_code

    erase()

    assert tables_with(code) == {"users_retiredreferralcode", "users_referral"}


def test_no_row_references_the_user(erase) -> None:
    pk = User.objects.get(phone_number=PHONE).pk
    pointing = [
        (model, field.attname)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        # The audit trail keeps the id, which has no foreign key constraint.
        if field.related_model is User and field.db_constraint
    ]
    assert len(pointing) > 5

    erase()

    for model, column in pointing:
        assert not model._base_manager.filter(**{column: pk}).exists(), (model, column)


def test_browser_sessions_end(erase) -> None:
    browser = panel_client(User.objects.get(phone_number=PHONE))
    assert browser.get("/admin/").status_code == 200

    erase()

    assert browser.get("/admin/").status_code == 302
