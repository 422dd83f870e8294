"""My own profile."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.support.factories import invited_by, person, phone_number, signed_in, staff
from users.models import Referral, User

pytestmark = pytest.mark.django_db


def test_shows_me_my_code_and_who_came_with_it(client: APIClient) -> None:
    anna = person(username="Anna")
    first, second = invited_by(anna), invited_by(anna)

    profile = signed_in(anna).get("/api/profile/").json()

    registered_at = profile.pop("registered_at")
    assert registered_at.endswith("Z")
    assert profile == {
        "phone_number": str(anna.phone_number),
        "username": "Anna",
        "referral_code": anna.referral_code,
        "referral_link": f"http://testserver/r/{anna.referral_code}/",
        "used_referral_code": None,
        "can_activate_until": None,
        "referrals_count": 2,
        "referrals": [str(second.phone_number), str(first.phone_number)],
    }


def test_is_the_same_by_number_however_it_is_typed() -> None:
    anna = person(phone_number="+79161234567")
    me = signed_in(anna)

    for typed in ("+79161234567", "89161234567", "8 (916) 123-45-67"):
        assert me.get(f"/api/profile/{typed}/").json() == me.get("/api/profile/").json()


def test_somebody_elses_looks_as_if_it_did_not_exist() -> None:
    me, other = signed_in(person()), person()

    by_number = me.get(f"/api/profile/{other.phone_number}/")
    of_nobody = me.get(f"/api/profile/{phone_number()}/")
    of_nonsense = me.get("/api/profile/nonsense/")
    change = me.patch(f"/api/profile/{other.phone_number}/", {"username": "Mallory"})

    assert [answer.status_code for answer in (by_number, of_nobody, of_nonsense, change)] == [404] * 4
    assert by_number.json() == of_nobody.json() == of_nonsense.json() == change.json()
    other.refresh_from_db()
    assert other.username == ""


def test_staff_read_every_profile_but_change_none() -> None:
    anna, office = person(), signed_in(staff())

    assert office.get(f"/api/profile/{anna.phone_number}/").json()["referral_code"] == anna.referral_code
    refused = office.patch(f"/api/profile/{anna.phone_number}/", {"username": "Mallory"})

    assert refused.status_code == 403
    assert refused.json()["code"] == "not_your_profile"
    assert office.get(f"/api/profile/{phone_number()}/").status_code == 404


def test_i_can_be_renamed_by_myself() -> None:
    me = signed_in(person())

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
def test_what_is_not_mine_to_change_changes_nothing_and_says_so(field: str, value: object, code: str) -> None:
    anna = person(username="Anna")
    inviter = person()
    before = User.objects.values().get(pk=anna.pk)

    answer = signed_in(anna).patch(
        "/api/profile/", {field: value, "username": "Eve", "used_referral_code": inviter.referral_code}
    )

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"][field]] == [code]
    assert User.objects.values().get(pk=anna.pk) == before
    assert Referral.objects.count() == 0


def test_of_two_changes_both_happen_or_none() -> None:
    anna = person(username="Anna")

    answer = signed_in(anna).patch("/api/profile/", {"username": "Eve", "used_referral_code": "222222"})

    assert answer.json()["code"] == "referral_code_not_found"
    anna.refresh_from_db()
    assert anna.username == "Anna"


def test_whoever_nobody_came_with_sees_an_empty_list() -> None:
    me = signed_in(person())

    assert me.get("/api/profile/").json()["referrals"] == []
    assert me.get("/api/profile/referrals/").json() == {"next": None, "previous": None, "results": []}


def test_the_profile_holds_the_newest_hundred_and_the_list_holds_all_by_pages() -> None:
    anna = person()
    newcomers = [person() for _ in range(103)]
    start = timezone.now()
    Referral.objects.bulk_create(
        Referral(
            inviter=anna,
            invited=newcomer,
            referral_code=anna.referral_code,
            activated_at=start + timedelta(seconds=nth // 2),  # in pairs, to be kept apart all the same
        )
        for nth, newcomer in enumerate(newcomers)
    )
    newest_first = [str(newcomer.phone_number) for newcomer in reversed(newcomers)]
    me = signed_in(anna)

    assert me.get("/api/profile/").json()["referrals"] == newest_first[:100]

    page, seen = me.get("/api/profile/referrals/").json(), []
    while True:
        assert len(page["results"]) <= 50
        seen += [referral["phone_number"] for referral in page["results"]]
        if page["next"] is None:
            break
        page = me.get(page["next"]).json()
    assert seen == newest_first


def test_pages_are_as_long_as_asked_but_never_endless() -> None:
    anna = person()
    for _ in range(3):
        invited_by(anna)
    me = signed_in(anna)

    assert len(me.get("/api/profile/referrals/?page_size=2").json()["results"]) == 2
    assert me.get("/api/profile/referrals/?cursor=nonsense").status_code == 404


def test_nobody_sees_the_referrals_of_somebody_else() -> None:
    invited_by(person())

    assert signed_in(person()).get("/api/profile/referrals/").json()["results"] == []
