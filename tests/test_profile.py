"""The profile API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.support.factories import api_client, create_user, create_users, phone_number
from users.models import Referral, User

pytestmark = pytest.mark.django_db


def test_shows_the_invite_code_and_referrals() -> None:
    anna = create_user(username="Anna")
    first, second = create_user(invited_by=anna), create_user(invited_by=anna)

    profile = api_client(anna).get("/api/profile/").json()

    registered_at = profile.pop("registered_at")
    assert registered_at.endswith("Z")
    assert profile == {
        "id": str(anna.public_id),
        "external_id": None,
        "phone_number": str(anna.phone_number),
        "username": "Anna",
        "referral_code": anna.referral_code,
        "referral_link": f"http://127.0.0.1:8000/r/{anna.referral_code}/",
        "used_referral_code": None,
        "can_activate_until": None,
        "referrals_count": 2,
        "referrals": [str(second.phone_number), str(first.phone_number)],
    }


def test_profile_by_number_accepts_any_spelling() -> None:
    anna = create_user(phone_number="+79161234567")
    me = api_client(anna)

    for typed in ("+79161234567", "89161234567", "8 (916) 123-45-67"):
        assert me.get(f"/api/profile/{typed}/").json() == me.get("/api/profile/").json()


def test_profiles_of_other_users_are_not_found() -> None:
    me, other = api_client(create_user()), create_user()

    by_number = me.get(f"/api/profile/{other.phone_number}/")
    of_unknown = me.get(f"/api/profile/{phone_number()}/")
    of_nonsense = me.get("/api/profile/nonsense/")
    change = me.patch(f"/api/profile/{other.phone_number}/", {"username": "Mallory"})

    assert [answer.status_code for answer in (by_number, of_unknown, of_nonsense, change)] == [404] * 4
    assert by_number.json() == of_unknown.json() == of_nonsense.json() == change.json()
    other.refresh_from_db()
    assert other.username == ""


def test_user_changes_their_name() -> None:
    me = api_client(create_user())

    assert me.patch("/api/profile/", {"username": "Анна"}).json()["username"] == "Анна"
    assert me.get("/api/profile/").json()["username"] == "Анна"
    assert me.patch("/api/profile/", {}).status_code == 200
    assert me.patch("/api/profile/", {"username": ""}).json()["username"] == ""


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("phone_number", "+79160000000", "read_only"),
        ("referral_code", "ABC234", "read_only"),
        ("referrals_count", 100, "read_only"),
        ("registered_at", "2020-01-01T00:00:00Z", "read_only"),
        ("is_staff", True, "unknown_field"),
        ("is_active", False, "unknown_field"),
        ("is_superuser", True, "unknown_field"),
        ("password", "secret", "unknown_field"),
        ("colour", "red", "unknown_field"),
    ],
)
def test_read_only_fields_are_rejected(field: str, value: object, code: str) -> None:
    anna = create_user(username="Anna")
    inviter = create_user()
    before = User.objects.values().get(pk=anna.pk)

    answer = api_client(anna).patch(
        "/api/profile/", {field: value, "username": "Eve", "used_referral_code": inviter.referral_code}
    )

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"][field]] == [code]
    assert User.objects.values().get(pk=anna.pk) == before
    assert Referral.objects.count() == 0


def test_changes_are_atomic() -> None:
    anna = create_user(username="Anna")

    answer = api_client(anna).patch("/api/profile/", {"username": "Eve", "used_referral_code": "222222"})

    assert answer.json()["code"] == "referral_code_not_found"
    anna.refresh_from_db()
    assert anna.username == "Anna"


def test_user_without_referrals_gets_an_empty_list() -> None:
    me = api_client(create_user())

    assert me.get("/api/profile/").json()["referrals"] == []
    assert me.get("/api/profile/referrals/").json() == {"next": None, "previous": None, "results": []}


def test_profile_has_the_newest_100_referrals_and_the_list_has_all() -> None:
    anna = create_user()
    newcomers = create_users(103)
    start = timezone.now()
    Referral.objects.bulk_create(
        Referral(
            inviter=anna,
            invited=newcomer,
            referral_code=anna.referral_code,
            activated_at=start + timedelta(seconds=nth // 2),  # in pairs with equal times, to test the tie-breaker
        )
        for nth, newcomer in enumerate(newcomers)
    )
    User.objects.filter(pk=anna.pk).update(referrals_count=len(newcomers))
    newest_first = [str(newcomer.phone_number) for newcomer in reversed(newcomers)]
    me = api_client(anna)

    assert me.get("/api/profile/").json()["referrals"] == newest_first[:100]

    page, seen = me.get("/api/profile/referrals/").json(), []
    while True:
        assert len(page["results"]) <= 50
        seen += [referral["phone_number"] for referral in page["results"]]
        if page["next"] is None:
            break
        page = me.get(page["next"]).json()
    assert seen == newest_first


def test_page_size_is_limited() -> None:
    anna = create_user()
    for _ in range(3):
        create_user(invited_by=anna)
    me = api_client(anna)

    assert len(me.get("/api/profile/referrals/?page_size=2").json()["results"]) == 2
    assert me.get("/api/profile/referrals/?cursor=nonsense").status_code == 404


def test_referrals_of_other_users_are_not_listed() -> None:
    create_user(invited_by=create_user())

    assert api_client(create_user()).get("/api/profile/referrals/").json()["results"] == []
