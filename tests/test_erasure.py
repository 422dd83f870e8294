"""Erasing somebody: nothing of them stays, and nobody else loses anything."""

import pytest
from rest_framework.test import APIClient

from tests.support.factories import invited_by, person, phone_number, sign_up, signed_in, superuser
from users.models import ConfirmationCode, Referral, User

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["by oneself", "by staff"])
def erase(request: pytest.FixtureRequest):
    """Two ways to the same end."""

    def by_oneself(user: User) -> None:
        assert signed_in(user).delete("/api/profile/").status_code == 204

    def by_staff(user: User) -> None:
        assert signed_in(superuser()).delete(f"/api/users/{user.pk}/").status_code == 204

    return by_oneself if request.param == "by oneself" else by_staff


def test_the_inviter_keeps_the_count_and_an_anonymous_trace(erase) -> None:
    anna = person()
    gone, stays = invited_by(anna), invited_by(anna)

    erase(gone)

    profile = signed_in(anna).get("/api/profile/").json()
    assert profile["referrals_count"] == 2
    assert profile["referrals"] == [str(stays.phone_number)]
    trace = signed_in(anna).get("/api/profile/referrals/").json()["results"]
    assert [referral["phone_number"] for referral in trace] == [str(stays.phone_number), None]


def test_whoever_was_invited_keeps_the_code_and_can_not_enter_another(erase) -> None:
    gone = person()
    boris = invited_by(gone)

    erase(gone)

    me = signed_in(boris)
    assert me.get("/api/profile/").json()["used_referral_code"] == gone.referral_code
    assert me.patch("/api/profile/", {"used_referral_code": person().referral_code}).status_code == 409
    assert me.patch("/api/profile/", {"used_referral_code": gone.referral_code}).status_code == 200


def test_both_may_go(erase) -> None:
    anna = person()
    boris = invited_by(anna)

    erase(anna)
    erase(boris)

    left = Referral.objects.get()
    assert (left.inviter, left.invited) == (None, None)


def test_the_code_of_somebody_erased_is_unknown(erase, client: APIClient) -> None:
    gone = person()

    erase(gone)

    assert client.get(f"/api/referral-codes/{gone.referral_code}/").status_code == 404


def test_sessions_end_and_a_new_sign_in_is_a_new_person(erase, client: APIClient) -> None:
    phone = phone_number()
    before = sign_up(client, phone)
    session = APIClient()
    session.credentials(HTTP_AUTHORIZATION=f"Token {before['token']}")

    erase(User.objects.get(phone_number=phone))

    assert session.get("/api/profile/").status_code == 401
    assert ConfirmationCode.objects.count() == 0
    after = sign_up(client, phone)
    assert after["is_new_user"] is True
    assert after["profile"]["referral_code"] != before["profile"]["referral_code"]
