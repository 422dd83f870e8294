"""After an erasure, no column of any table knows the person: every table is read, also those that nobody thought of."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from knox.models import AuthToken
from phonenumber_field.modelfields import PhoneNumberField
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from tests.support.factories import ask_for_code, invited_by, person, phone_number, sign_up, wrong
from tests.support.panel import browser_of, page_of
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]

PHONE = "+79123456780"
NAME = "Zinaida Nezabudkina"
MEMBERS_OF_STAFF = {"is_staff": "on", "is_active": "on", "phone_number": PHONE, "username": NAME}


def everything_stored() -> Iterator[tuple[str, str, str]]:
    """Yield the table, the column and the text of every value in the database."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                yield from ((table, column, str(value)) for column, value in zip(columns, row, strict=True))
    for session in Session.objects.all():
        yield Session._meta.db_table, "session_data", str(session.get_decoded())


def where(text: str) -> set[str]:
    """Return the tables that hold a text."""
    return {table for table, _, value in everything_stored() if text.casefold() in value.casefold()}


def where_number(phone: str) -> set[str]:
    """Return the tables that hold a number, in whatever format."""
    national = phone[-10:]
    return {table for table, _, value in everything_stored() if national in re.sub(r"\D", "", value)}


@pytest.fixture
def token(client: APIClient, boss: Client) -> str:
    """The token of somebody who has used all that there is, and left a trace wherever one can be left."""
    token = sign_up(client, PHONE, used_referral_code=person().referral_code)["token"]
    me = APIClient()
    me.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert me.patch("/api/profile/", {"username": NAME}).status_code == 200
    zinaida = User.objects.get(phone_number=PHONE)
    invited_by(zinaida)

    code = ask_for_code(client, PHONE)
    pair = client.post("/api/jwt/", {"phone_number": PHONE, "confirmation_code": code}).json()
    assert client.post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 200

    group = str(Group.objects.create(name="Office").pk)
    for number in (phone_number(), PHONE):  # there and back
        changes = {**MEMBERS_OF_STAFF, "groups": group, "phone_number": number}
        assert boss.post(page_of(zinaida), changes).status_code == 302
    passwords = {"password1": "unguessable-0", "password2": "unguessable-0"}
    assert boss.post(f"/admin/users/user/{zinaida.pk}/password/", passwords).status_code == 302
    zinaida.refresh_from_db()
    assert browser_of(zinaida).get("/admin/").status_code == 200
    assert Client().post("/admin/login/", {"username": "8 912 345-67-80", "password": "guess"}).status_code == 200

    code = ask_for_code(client, PHONE, username=NAME)
    assert client.post("/api/login/", {"phone_number": PHONE, "confirmation_code": wrong(code)}).status_code == 400
    return str(token)


@pytest.fixture(params=["by oneself", "by staff", "in the panel"])
def erase(request: pytest.FixtureRequest, token: str, boss: Client):
    def by_oneself() -> None:
        assert APIClient().delete("/api/profile/", HTTP_AUTHORIZATION=f"Token {token}").status_code == 204

    def by_staff() -> None:
        _, theirs = AuthToken.objects.create(User.objects.get(username="Boss"))
        path = f"/api/users/{User.objects.get(phone_number=PHONE).pk}/"
        assert APIClient().delete(path, HTTP_AUTHORIZATION=f"Token {theirs}").status_code == 204

    def in_the_panel() -> None:
        page = page_of(User.objects.get(phone_number=PHONE), "delete")
        assert boss.post(page, {"post": "yes"}).status_code == 302

    return {"by oneself": by_oneself, "by staff": by_staff, "in the panel": in_the_panel}[request.param]


def test_the_number_was_in_every_table_that_can_hold_one(token: str) -> None:
    can_hold_one = {
        model._meta.db_table
        for model in apps.get_models()
        if any(isinstance(field, PhoneNumberField) for field in model._meta.fields)
    }

    assert where_number(PHONE) >= can_hold_one | {"axes_accessattempt", "users_auditrecord"}


def test_neither_number_nor_name_is_anywhere(erase) -> None:
    erase()

    assert where_number(PHONE) == set()
    for part in NAME.split():
        assert where(part) == set()


def test_no_token_or_trace_of_one_is_anywhere(erase, token: str) -> None:
    secrets = [token, *AuthToken.objects.filter(user__phone_number=PHONE).values_list("digest", flat=True)]
    secrets += OutstandingToken.objects.values_list("jti", flat=True)
    assert len(secrets) >= 3

    erase()

    assert [secret for secret in secrets if where(secret)] == []


def test_the_code_is_kept_only_to_be_given_to_nobody_again_and_by_whom_it_brought(erase) -> None:
    code = User.objects.get(phone_number=PHONE).referral_code

    erase()

    assert where(code) == {"users_retiredreferralcode", "users_referral"}


def test_no_row_points_to_them(erase) -> None:
    pk = User.objects.get(phone_number=PHONE).pk
    pointing = [
        (model, field.attname)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        # The audit trail keeps a number that means nothing any more: it has no constraint.
        if field.related_model is User and field.db_constraint
    ]
    assert len(pointing) > 5

    erase()

    for model, column in pointing:
        assert not model._base_manager.filter(**{column: pk}).exists(), (model, column)


def test_their_browsers_are_signed_out(erase) -> None:
    browser = browser_of(User.objects.get(phone_number=PHONE))
    assert browser.get("/admin/").status_code == 200

    erase()

    assert browser.get("/admin/").status_code == 302
