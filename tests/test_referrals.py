"""Activation of another user's invite code."""

import secrets
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import activate_code
from tests.support.factories import api_client, create_user, create_users, phone_number, sign_up
from users import referral_codes
from users.models import Referral, User

pytestmark = pytest.mark.django_db


def test_code_is_activated_and_shown() -> None:
    anna, boris = create_users(2)

    answer = activate_code(api_client(boris), anna.referral_code)

    assert answer.status_code == 200
    assert answer.json()["used_referral_code"] == anna.referral_code
    assert api_client(boris).get("/api/profile/").json()["used_referral_code"] == anna.referral_code
    mine = api_client(anna).get("/api/profile/").json()
    assert mine["referrals"] == [str(boris.phone_number)]
    assert mine["referrals_count"] == 1


def test_case_spaces_and_dashes_are_ignored() -> None:
    anna, boris = create_users(2)
    typed = f" {anna.referral_code[:3].lower()} - {anna.referral_code[3:].lower()} "

    assert activate_code(api_client(boris), typed).json()["used_referral_code"] == anna.referral_code


@pytest.mark.parametrize("code", ["222222", "A", "O0O0O0", "' OR 1=1", "код", "22222222222222"])
def test_unknown_code_is_refused(code: str) -> None:
    boris = create_user()

    answer = activate_code(api_client(boris), code)

    assert answer.status_code == 400
    assert answer.json()["code"] == "referral_code_not_found"
    assert Referral.objects.count() == 0


@pytest.mark.parametrize("code", ["", 1.5e300, True, [], "x" * 33])
def test_malformed_code_is_refused(code: object) -> None:
    answer = activate_code(api_client(create_user()), code)

    assert answer.status_code == 400
    assert "used_referral_code" in answer.json()["errors"]


@pytest.mark.parametrize("others", [{}, {"username": "Anna"}])
def test_own_code_is_refused_and_changes_nothing(others: dict[str, str]) -> None:
    anna = create_user()

    answer = api_client(anna).patch("/api/profile/", {"used_referral_code": anna.referral_code.lower(), **others})

    assert answer.status_code == 400
    assert answer.json()["code"] == "own_referral_code"
    assert "This is your own code" in answer.json()["detail"]
    anna.refresh_from_db()
    assert anna.username == ""
    assert Referral.objects.count() == 0


def test_second_code_is_refused() -> None:
    anna, boris = create_users(2)
    clara = create_user(invited_by=anna)

    answer = activate_code(api_client(clara), boris.referral_code)

    assert answer.status_code == 409
    assert answer.json()["code"] == "already_activated"
    assert api_client(clara).get("/api/profile/").json()["used_referral_code"] == anna.referral_code
    boris.refresh_from_db()
    assert boris.referrals_count == 0


def test_saving_a_stale_user_keeps_the_count() -> None:
    loaded = create_user()
    create_user(invited_by=User.objects.get(pk=loaded.pk))

    loaded.save()

    assert User.objects.get(pk=loaded.pk).referrals_count == 1


def test_same_code_again_is_idempotent() -> None:
    anna = create_user()
    boris = create_user(invited_by=anna)

    assert activate_code(api_client(boris), anna.referral_code).status_code == 200

    anna.refresh_from_db()
    assert anna.referrals_count == Referral.objects.count() == 1


def test_activated_user_cannot_probe_codes() -> None:
    boris, other = create_user(invited_by=create_user()), create_user()

    assert (
        activate_code(api_client(boris), "222222").json()
        == activate_code(api_client(boris), other.referral_code).json()
    )


def test_circle_is_refused() -> None:
    anna = create_user()
    boris = create_user(invited_by=anna)
    clara = create_user(invited_by=boris)

    for member in (boris, clara):
        answer = activate_code(api_client(anna), member.referral_code)
        assert answer.status_code == 409
        assert answer.json()["code"] == "referral_circle"
    assert Referral.objects.filter(invited=anna).count() == 0


def test_circle_is_accepted_if_allowed(settings: Settings) -> None:
    settings.REFERRAL_ALLOW_CIRCLES = True
    anna = create_user()
    boris = create_user(invited_by=anna)

    assert activate_code(api_client(anna), boris.referral_code).status_code == 200

    settings.REFERRAL_ALLOW_CIRCLES = False
    assert activate_code(api_client(create_user()), boris.referral_code).status_code == 200


def test_code_from_another_branch_is_no_circle() -> None:
    anna, boris = create_users(2)
    create_user(invited_by=boris)
    clara = create_user(invited_by=anna)

    assert activate_code(api_client(boris), clara.referral_code).status_code == 200


def test_code_of_a_disabled_user_is_not_found() -> None:
    assert (
        activate_code(api_client(create_user()), create_user(is_active=False).referral_code).json()["code"]
        == "referral_code_not_found"
    )


def test_activation_window_closes_and_is_shown(settings: Settings) -> None:
    settings.REFERRAL_WINDOW_DAYS = 7
    anna, late, early = create_users(3)
    User.objects.filter(pk=late.pk).update(registered_at=timezone.now() - timedelta(days=7, seconds=1))
    User.objects.filter(pk=early.pk).update(registered_at=timezone.now() - timedelta(days=6, hours=23))

    refused, accepted = (
        activate_code(api_client(late), anna.referral_code),
        activate_code(api_client(early), anna.referral_code),
    )

    assert refused.status_code == 409
    assert refused.json()["code"] == "activation_window_closed"
    assert refused.json()["days"] == 7
    assert accepted.status_code == 200
    early.refresh_from_db()
    shown = api_client(early).get("/api/profile/").json()["can_activate_until"]
    assert shown == (early.registered_at + timedelta(days=7)).isoformat().replace("+00:00", "Z")


class TestLookup:
    def test_lookup_does_not_reveal_the_owner(self, client: APIClient) -> None:
        anna = create_user()

        answer = client.get(f"/api/referral-codes/{anna.referral_code.lower()}/")

        assert answer.status_code == 200
        assert answer.json() == {"referral_code": anna.referral_code}

    @pytest.mark.parametrize("code", ["222222", "%00", "a%20b", "%F0%9F%99%82", "2" * 500])
    def test_unknown_code_is_not_found(self, client: APIClient, code: str) -> None:
        answer = client.get(f"/api/referral-codes/{code}/")

        assert answer.status_code == 404
        assert answer.json()["code"] == "referral_code_not_found"


def draw_codes(*codes: str):
    """Make the random generator draw these invite codes next."""
    draws, choice = iter("".join(codes)), secrets.choice
    return patch("secrets.choice", lambda among: next(draws) if among == referral_codes.ALPHABET else choice(among))


class TestCodes:
    def test_alphabet_has_no_look_alikes_or_vowels(self) -> None:
        assert not set("AEIOUY01LZSGB") & set(referral_codes.ALPHABET)

    def test_collision_is_retried(self, client: APIClient) -> None:
        taken = create_user().referral_code

        with draw_codes(taken, taken, "QQQQQQ"):
            newcomer = sign_up(client, phone_number())

        assert newcomer["profile"]["referral_code"] == "QQQQQQ"

    def test_code_of_an_erased_user_is_not_reused(self, client: APIClient) -> None:
        gone = create_user()
        api_client(gone).delete("/api/profile/")

        with draw_codes(gone.referral_code, "QQQQQQ"):
            newcomer = sign_up(client, phone_number())

        assert newcomer["profile"]["referral_code"] == "QQQQQQ"


class TestConstraints:
    def test_user_cannot_invite_themselves(self) -> None:
        anna = create_user()

        with pytest.raises(IntegrityError), transaction.atomic():
            Referral.objects.create(invited=anna, inviter=anna, referral_code=anna.referral_code)

    def test_user_cannot_be_invited_twice(self) -> None:
        boris = create_user(invited_by=create_user())

        with pytest.raises(IntegrityError), transaction.atomic():
            Referral.objects.create(invited=boris, inviter=create_user(), referral_code="222222")
