"""Erasure of a user and its effect on referrals and sessions."""

import pytest
from rest_framework.test import APIClient

from tests.support.api import activate_code
from tests.support.factories import api_client, authorized_client, create_user, phone_number, service_client, sign_up
from users.models import ConfirmationCode, Referral, User

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["by oneself", "by a service"])
def erase(request: pytest.FixtureRequest):
    """Erase a user through the profile API or as a service."""

    def by_oneself(user: User) -> None:
        assert api_client(user).delete("/api/profile/").status_code == 204

    def by_a_service(user: User) -> None:
        assert service_client().delete(f"/api/users/{user.public_id}/").status_code == 204

    return by_oneself if request.param == "by oneself" else by_a_service


def test_inviter_keeps_the_count_and_an_anonymous_referral(erase) -> None:
    anna = create_user()
    gone, stays = create_user(invited_by=anna), create_user(invited_by=anna)

    erase(gone)

    profile = api_client(anna).get("/api/profile/").json()
    assert profile["referrals_count"] == 2
    assert profile["referrals"] == [str(stays.phone_number)]
    trace = api_client(anna).get("/api/profile/referrals/").json()["results"]
    assert [referral["phone_number"] for referral in trace] == [str(stays.phone_number), None]


def test_invited_user_keeps_the_code_and_cannot_activate_another(erase) -> None:
    gone = create_user()
    boris = create_user(invited_by=gone)

    erase(gone)

    me = api_client(boris)
    assert me.get("/api/profile/").json()["used_referral_code"] == gone.referral_code
    assert activate_code(me, create_user().referral_code).status_code == 409
    assert activate_code(me, gone.referral_code).status_code == 200


def test_inviter_and_invited_can_both_be_erased(erase) -> None:
    anna = create_user()
    boris = create_user(invited_by=anna)

    erase(anna)
    erase(boris)

    left = Referral.objects.get()
    assert (left.inviter, left.invited) == (None, None)


def test_code_of_an_erased_user_is_not_found(erase, client: APIClient) -> None:
    gone = create_user()

    erase(gone)

    assert client.get(f"/api/referral-codes/{gone.referral_code}/").status_code == 404


def test_sessions_end_and_the_next_sign_in_creates_a_new_user(erase, client: APIClient) -> None:
    phone = phone_number()
    before = sign_up(client, phone)
    session = authorized_client(f"Token {before['token']}")

    erase(User.objects.get(phone_number=phone))

    assert session.get("/api/profile/").status_code == 401
    assert ConfirmationCode.objects.count() == 0
    after = sign_up(client, phone)
    assert after["is_new_user"] is True
    assert after["profile"]["referral_code"] != before["profile"]["referral_code"]
