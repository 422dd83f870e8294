"""Entering another person's invite code."""

import secrets
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import invited_by, person, phone_number, sign_up, signed_in
from users import referral_codes
from users.models import Referral, User

pytestmark = pytest.mark.django_db


def enter(user: User, code: str):
    return signed_in(user).patch("/api/profile/", {"used_referral_code": code})


def test_the_code_is_activated_and_shown_afterwards() -> None:
    anna, boris = person(), person()

    answer = enter(boris, anna.referral_code)

    assert answer.status_code == 200
    assert answer.json()["used_referral_code"] == anna.referral_code
    assert signed_in(boris).get("/api/profile/").json()["used_referral_code"] == anna.referral_code
    mine = signed_in(anna).get("/api/profile/").json()
    assert mine["referrals"] == [str(boris.phone_number)]
    assert mine["referrals_count"] == 1


def test_a_code_is_read_without_regard_to_case_spaces_and_dashes() -> None:
    anna, boris = person(), person()
    typed = f" {anna.referral_code[:3].lower()} - {anna.referral_code[3:].lower()} "

    assert enter(boris, typed).json()["used_referral_code"] == anna.referral_code


@pytest.mark.parametrize("code", ["222222", "A", "O0O0O0", "' OR 1=1", "код", "22222222222222"])
def test_a_code_that_nobody_has_is_refused(code: str) -> None:
    boris = person()

    answer = enter(boris, code)

    assert answer.status_code == 400
    assert answer.json()["code"] == "referral_code_not_found"
    assert Referral.objects.count() == 0


@pytest.mark.parametrize("code", ["", None, 1.5e300, True, [], "x" * 33])
def test_what_can_not_be_a_code_is_refused(code: object) -> None:
    answer = enter(person(), code)

    assert answer.status_code == 400
    assert "used_referral_code" in answer.json()["errors"]


@pytest.mark.parametrize("others", [{}, {"username": "Anna"}])
def test_ones_own_code_is_refused_whatever_else_is_sent(others: dict[str, str]) -> None:
    anna = person()

    answer = signed_in(anna).patch("/api/profile/", {"used_referral_code": anna.referral_code.lower(), **others})

    assert answer.status_code == 400
    assert answer.json()["code"] == "own_referral_code"
    assert "This is your own code" in answer.json()["detail"]
    anna.refresh_from_db()
    assert anna.username == ""
    assert Referral.objects.count() == 0


def test_a_second_code_is_refused_and_the_first_one_stays() -> None:
    anna, boris = person(), person()
    clara = invited_by(anna)

    answer = enter(clara, boris.referral_code)

    assert answer.status_code == 409
    assert answer.json()["code"] == "already_activated"
    assert signed_in(clara).get("/api/profile/").json()["used_referral_code"] == anna.referral_code
    boris.refresh_from_db()
    assert boris.referrals_count == 0


def test_saving_somebody_loaded_before_an_activation_keeps_the_count() -> None:
    loaded = person()
    invited_by(User.objects.get(pk=loaded.pk))

    loaded.save()

    assert User.objects.get(pk=loaded.pk).referrals_count == 1


def test_the_same_code_again_changes_nothing_so_that_a_retry_is_safe() -> None:
    anna = person()
    boris = invited_by(anna)

    assert enter(boris, anna.referral_code).status_code == 200

    anna.refresh_from_db()
    assert anna.referrals_count == Referral.objects.count() == 1


def test_after_an_activation_nobody_learns_which_codes_exist() -> None:
    boris, somebody = invited_by(person()), person()

    assert enter(boris, "222222").json() == enter(boris, somebody.referral_code).json()


def test_a_circle_is_refused() -> None:
    anna = person()
    boris = invited_by(anna)
    clara = invited_by(boris)

    for member in (boris, clara):
        answer = enter(anna, member.referral_code)
        assert answer.status_code == 409
        assert answer.json()["code"] == "referral_circle"
    assert Referral.objects.filter(invited=anna).count() == 0


def test_a_circle_is_accepted_where_circles_are_allowed(settings: Settings) -> None:
    settings.REFERRAL_ALLOW_CIRCLES = True
    anna = person()
    boris = invited_by(anna)

    assert enter(anna, boris.referral_code).status_code == 200

    settings.REFERRAL_ALLOW_CIRCLES = False
    assert enter(person(), boris.referral_code).status_code == 200


def test_joining_another_branch_of_ones_own_inviter_is_no_circle() -> None:
    anna, boris = person(), person()
    invited_by(boris)
    clara = invited_by(anna)

    assert enter(boris, clara.referral_code).status_code == 200


def test_a_code_of_a_disabled_person_is_unknown() -> None:
    assert enter(person(), person(is_active=False).referral_code).json()["code"] == "referral_code_not_found"


def test_the_window_after_sign_up_closes_and_is_shown(settings: Settings) -> None:
    settings.REFERRAL_WINDOW_DAYS = 7
    anna, late, early = person(), person(), person()
    User.objects.filter(pk=late.pk).update(registered_at=timezone.now() - timedelta(days=7, seconds=1))
    User.objects.filter(pk=early.pk).update(registered_at=timezone.now() - timedelta(days=6, hours=23))

    refused, accepted = enter(late, anna.referral_code), enter(early, anna.referral_code)

    assert refused.status_code == 409
    assert refused.json()["code"] == "activation_window_closed"
    assert refused.json()["days"] == 7
    assert accepted.status_code == 200
    early.refresh_from_db()
    shown = signed_in(early).get("/api/profile/").json()["can_activate_until"]
    assert shown == (early.registered_at + timedelta(days=7)).isoformat().replace("+00:00", "Z")


class TestTheLookup:
    def test_tells_that_a_code_exists_and_nothing_of_whose_it_is(self, client: APIClient) -> None:
        anna = person()

        answer = client.get(f"/api/referral-codes/{anna.referral_code.lower()}/")

        assert answer.status_code == 200
        assert answer.json() == {"referral_code": anna.referral_code}

    @pytest.mark.parametrize("code", ["222222", "%00", "a%20b", "%F0%9F%99%82", "2" * 500])
    def test_does_not_find_what_nobody_has(self, client: APIClient, code: str) -> None:
        answer = client.get(f"/api/referral-codes/{code}/")

        assert answer.status_code == 404
        assert answer.json()["code"] == "referral_code_not_found"


def fate(*codes: str):
    """Let the random generator of the standard library draw these invite codes next."""
    draws, choice = iter("".join(codes)), secrets.choice
    return patch("secrets.choice", lambda among: next(draws) if among == referral_codes.ALPHABET else choice(among))


class TestTheCodesThemselves:
    def test_have_no_look_alikes_and_spell_no_words(self) -> None:
        assert not set("AEIOUY01LZSGB") & set(referral_codes.ALPHABET)

    def test_a_collision_is_drawn_again(self, client: APIClient) -> None:
        taken = person().referral_code

        with fate(taken, taken, "QQQQQQ"):
            newcomer = sign_up(client, phone_number())

        assert newcomer["profile"]["referral_code"] == "QQQQQQ"

    def test_a_code_of_somebody_erased_is_never_given_again(self, client: APIClient) -> None:
        gone = person()
        signed_in(gone).delete("/api/profile/")

        with fate(gone.referral_code, "QQQQQQ"):
            newcomer = sign_up(client, phone_number())

        assert newcomer["profile"]["referral_code"] == "QQQQQQ"


class TestTheDatabaseItself:
    def test_lets_nobody_invite_themselves(self) -> None:
        anna = person()

        with pytest.raises(IntegrityError), transaction.atomic():
            Referral.objects.create(invited=anna, inviter=anna, referral_code=anna.referral_code)

    def test_lets_nobody_be_invited_twice(self) -> None:
        boris = invited_by(person())

        with pytest.raises(IntegrityError), transaction.atomic():
            Referral.objects.create(invited=boris, inviter=person(), referral_code="222222")
