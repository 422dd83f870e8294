"""A refresh token works once: its copy ends the whole family (RFC 9700, section 4.14.2)."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from tests.support.factories import (
    api_client,
    authorized_client,
    create_superuser,
    create_user,
    phone_number,
    request_code,
)
from tests.support.panel import AUDIT_TRAIL, panel_client
from users.models import AuditRecord, JWTFamily, User

pytestmark = pytest.mark.django_db


def jwt_sign_in(phone: str | None = None) -> dict[str, Any]:
    client, phone = APIClient(), phone or phone_number()
    code = request_code(client, phone)
    answer = client.post("/api/jwt/", {"phone_number": phone, "confirmation_code": code})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def refresh(token: str) -> Any:
    return APIClient().post("/api/jwt/refresh/", {"refresh": token})


def renewed(token: str) -> str:
    answer = refresh(token)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["refresh"])


def sign_out(token: str) -> int:
    return int(APIClient().post("/api/jwt/logout/", {"refresh": token}).status_code)


@pytest.mark.parametrize("seconds", [0, 1, 9.9])
def test_a_token_used_again_at_once_gives_the_same_successor(seconds: float, clock: time_machine.Traveller) -> None:
    first = jwt_sign_in()["refresh"]
    successor = renewed(first)

    clock.shift(seconds)
    again = refresh(first)

    assert again.json()["refresh"] == successor
    assert authorized_client(f"Bearer {again.json()['access']}").get("/api/profile/").status_code == 200
    assert renewed(successor) != successor


@pytest.mark.parametrize("seconds", [11, 3_600, 20 * 24 * 3_600])
def test_a_token_used_again_later_ends_the_family(seconds: float, clock: time_machine.Traveller) -> None:
    first = jwt_sign_in()["refresh"]
    successor = renewed(first)
    clock.shift(seconds)

    assert refresh(first).json()["code"] == "session_ended"

    assert refresh(successor).status_code == 401
    assert refresh(first).status_code == 401


def test_an_older_token_of_the_chain_ends_the_family(clock: time_machine.Traveller) -> None:
    chain = [jwt_sign_in()["refresh"]]
    for _ in range(5):
        clock.shift(60)
        chain.append(renewed(chain[-1]))

    assert refresh(chain[2]).status_code == 401

    assert refresh(chain[-1]).status_code == 401


def test_other_sessions_of_the_person_go_on(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    copied, other = jwt_sign_in(phone)["refresh"], jwt_sign_in(phone)["refresh"]
    by_token = api_client(User.objects.get())
    renewed(copied)
    clock.shift(60)

    assert refresh(copied).status_code == 401

    assert refresh(other).status_code == 200
    assert by_token.get("/api/profile/").status_code == 200


def test_a_copy_that_signs_out_ends_the_family_too(clock: time_machine.Traveller) -> None:
    first = jwt_sign_in()["refresh"]
    successor = renewed(first)
    clock.shift(60)

    assert sign_out(first) == 401

    assert refresh(successor).status_code == 401


def test_sign_out_within_the_grace_ends_the_family() -> None:
    first = jwt_sign_in()["refresh"]
    successor = renewed(first)

    assert sign_out(first) == 204

    assert refresh(successor).status_code == refresh(first).status_code == 401
    assert AuditRecord.objects.count() == 0


def test_the_audit_trail_of_the_person_says_so(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    first = jwt_sign_in(phone)["refresh"]
    renewed(first)
    clock.shift(60)

    refresh(first)
    refresh(first)

    record = AuditRecord.objects.get()
    assert (record.action, record.person, record.actor) == ("token_reused", User.objects.get(phone_number=phone), None)
    page = panel_client(create_superuser()).get(AUDIT_TRAIL, {"q": phone}).content.decode()
    assert "used a refresh token twice" in page


def test_the_export_of_the_person_says_so_and_names_no_action_of_staff(clock: time_machine.Traveller) -> None:
    first = jwt_sign_in()["refresh"]
    renewed(first)
    clock.shift(60)
    refresh(first)

    exported = json.loads(api_client(User.objects.get()).get("/api/profile/export/").getvalue())

    assert [session["ended_at"] is not None for session in exported["jwt_sessions"]] == [True]
    assert exported["actions_of_staff"] == []


def test_a_family_is_one_row_however_often_it_is_renewed() -> None:
    tokens = [jwt_sign_in()["refresh"] for _ in range(2)]
    assert JWTFamily.objects.count() == 0

    for _ in range(100):
        tokens = [renewed(token) for token in tokens]

    assert JWTFamily.objects.count() == 2


def test_rows_are_purged_when_the_newest_token_has_expired(clock: time_machine.Traveller) -> None:
    first = jwt_sign_in()["refresh"]
    clock.shift(timedelta(days=20))
    renewed(first)
    clock.shift(timedelta(days=29))
    call_command("purge")
    assert JWTFamily.objects.count() == 1

    clock.shift(timedelta(days=1, seconds=11))
    call_command("purge")

    assert JWTFamily.objects.count() == 0


class TestTokensOfTheReleaseBeforeFamilies:
    """They have no family, were signed by SECRET_KEY, and those that were used are in simplejwt's list."""

    @pytest.fixture(autouse=True)
    def upgraded_today(self, settings: Settings) -> None:
        settings.JWT_FORMER_REFRESH_UNTIL = timezone.now().date() + timedelta(days=30)

    def issue(self, user: User, jti: str = "5f" * 16) -> str:
        claims = {"token_type": "refresh", "jti": jti, "user_id": str(user.pk), "epoch": user.session_epoch}
        expires_at = timezone.now() + timedelta(days=30)
        return jwt.encode({**claims, "exp": expires_at}, django_settings.SECRET_KEY, algorithm="HS256")

    def void(self, token: str) -> None:
        claims = jwt.decode(token, options={"verify_signature": False})
        expires_at = timezone.now() + timedelta(days=30)
        listed = OutstandingToken.objects.create(jti=claims["jti"], token=token, expires_at=expires_at)
        BlacklistedToken.objects.create(token=listed)

    def test_a_token_that_waits_is_renewed_and_starts_a_family(self, clock: time_machine.Traveller) -> None:
        old = self.issue(create_user())

        successor = renewed(old)

        assert renewed(old) == successor
        clock.shift(60)
        assert refresh(old).status_code == refresh(successor).status_code == 401

    def test_a_token_that_was_used_stays_void(self) -> None:
        anna = create_user()
        used, waiting = self.issue(anna), self.issue(anna, jti="6a" * 16)
        self.void(used)

        assert refresh(used).status_code == 401
        assert sign_out(used) == 401
        assert refresh(waiting).status_code == 200

    def test_the_list_is_purged(self, clock: time_machine.Traveller) -> None:
        self.void(self.issue(create_user()))
        clock.shift(timedelta(days=31))

        call_command("purge")

        assert OutstandingToken.objects.count() == BlacklistedToken.objects.count() == 0


def test_the_time_of_an_answer_given_again_is_that_of_the_first(clock: time_machine.Traveller) -> None:
    first = jwt_sign_in()["refresh"]
    at = timezone.now()
    renewed(first)
    clock.shift(5)

    again = jwt.decode(renewed(first), options={"verify_signature": False})

    assert again["iat"] == int(at.timestamp())
