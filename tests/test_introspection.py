"""A service asks about a token that it was sent (RFC 7662)."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from rest_framework.test import APIClient

from tests.support.factories import authorized_client, create_user, phone_number, request_code, service_client, sign_up
from users.models import Scope, User

pytestmark = pytest.mark.django_db
INSPECT = "/api/introspect/"
NOTHING = {"active": False}


@pytest.fixture
def reader() -> APIClient:
    return service_client(Scope.PEOPLE_READ)


def jwt_sign_in() -> dict[str, Any]:
    client, phone = APIClient(), phone_number()
    body = {"phone_number": phone, "confirmation_code": request_code(client, phone)}
    return dict(client.post("/api/jwt/", body).json())


def test_a_token_of_a_login_names_its_person(reader: APIClient, client: APIClient) -> None:
    session = sign_up(client, phone_number())

    answer = reader.post(INSPECT, {"token": session["token"], "token_type_hint": "access_token"})

    told = answer.json()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert told["exp"] - told["iat"] == settings.TOKEN_LIFETIME_DAYS * 86_400
    assert told == {
        "active": True,
        "iss": settings.PUBLIC_URL,
        "sub": str(User.objects.get().public_id),
        "iat": told["iat"],
        "exp": told["exp"],
        "token_type": "Bearer",
    }


def test_a_form_is_read_as_the_standard_asks(reader: APIClient, client: APIClient) -> None:
    token = sign_up(client, phone_number())["token"]
    form = "application/x-www-form-urlencoded"

    assert reader.post(INSPECT, f"token={token}", content_type=form).json()["active"] is True
    assert reader.post(INSPECT, "tokn=x", content_type=form).json()["errors"].keys() == {"token", "tokn"}
    assert reader.post(INSPECT, f"token={'a' * 70_000}", content_type=form).status_code == 413
    assert reader.post(INSPECT, b"token=%ff\xff", content_type=form).json() == NOTHING


def test_what_has_ended_and_any_other_text_tell_nothing(
    reader: APIClient, client: APIClient, clock: time_machine.Traveller
) -> None:
    ended, expired, disabled = (sign_up(client, phone_number())["token"] for _ in range(3))
    authorized_client(f"Bearer {ended}").post("/api/logout/")
    User.objects.filter(auth_token_set__token_key=disabled[:15]).update(is_active=False)

    for text in (ended, disabled, "nonsense", "é", "a.b.c", ".", "rsk_00000000_unknown", jwt_sign_in()["refresh"]):
        assert reader.post(INSPECT, {"token": text}).json() == NOTHING, text

    assert reader.post(INSPECT, {"token": expired}).json()["active"] is True
    clock.shift(timedelta(days=settings.TOKEN_LIFETIME_DAYS, seconds=settings.CLOCK_LEEWAY_SECONDS + 1))
    assert reader.post(INSPECT, {"token": expired}).json() == NOTHING


def test_an_access_token_is_known_until_its_person_signs_out_everywhere(reader: APIClient) -> None:
    access = jwt_sign_in()["access"]
    told = reader.post(INSPECT, {"token": access}).json()
    assert (told["active"], told["sub"]) == (True, str(User.objects.get().public_id))
    assert {"iss", "aud", "sid", "iat", "exp"} <= told.keys()

    authorized_client(f"Bearer {access}").post("/api/logout/all/")

    assert reader.post(INSPECT, {"token": access}).json() == NOTHING


def test_nobody_else_may_ask(client: APIClient) -> None:
    token = sign_up(client, phone_number())["token"]
    others = [scope for scope in Scope if scope != Scope.PEOPLE_READ]

    def code(asking: APIClient) -> str:
        return str(asking.post(INSPECT, {"token": token}).json()["code"])

    assert code(service_client(*others)) == "scope_missing"
    assert code(APIClient()) == "service_key_invalid"
    assert code(authorized_client(f"Bearer {token}")) == "service_key_required"


def test_the_token_of_staff_gives_no_rights(reader: APIClient) -> None:
    staff = create_user(is_staff=True)
    client = APIClient()
    token = sign_up(client, str(staff.phone_number))["token"]

    assert "is_staff" not in reader.post(INSPECT, {"token": token}).json()
