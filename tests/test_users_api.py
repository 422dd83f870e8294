"""The user API for services."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from tests.support.api import activate_code
from tests.support.factories import (
    api_client,
    create_staff,
    create_superuser,
    create_user,
    create_users,
    phone_number,
    sign_up,
)
from tests.support.factories import service_client as a_service
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def service_client() -> APIClient:
    """A program; there is a member of staff, registered before every other user."""
    create_staff(phone_number="+79000000000")
    return a_service()


def numbers(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [user["phone_number"] for user in answer.json()["results"]]


def test_user_api_is_not_for_people() -> None:
    user, me = create_user(), api_client(create_user())

    answers = [
        me.get("/api/users/"),
        me.post("/api/users/", {"phone_number": phone_number()}),
        me.get(f"/api/users/{user.public_id}/"),
        me.put(f"/api/users/{user.public_id}/", {"phone_number": phone_number()}),
        me.patch(f"/api/users/{user.public_id}/", {"username": "Mallory"}),
        me.delete(f"/api/users/{user.public_id}/"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 6
    assert User.objects.count() == 2


def test_lists_users_newest_first_in_pages(service_client: APIClient) -> None:
    people = [str(create_user().phone_number) for _ in range(5)]

    page = service_client.get("/api/users/?page_size=4")
    rest = service_client.get(page.json()["next"])

    assert numbers(page) + numbers(rest) == [*reversed(people), "+79000000000"]
    assert rest.json()["next"] is None


def test_shows_a_user_with_referrals(service_client: APIClient) -> None:
    anna = create_user(username="Anna")
    boris = create_user(invited_by=anna)

    shown = service_client.get(f"/api/users/{anna.public_id}/").json()
    of_boris = service_client.get(f"/api/users/{boris.public_id}/").json()

    assert shown["phone_number"] == str(anna.phone_number)
    assert shown["referrals"] == [str(boris.phone_number)]
    assert shown["referrals_count"] == 1
    assert of_boris["used_referral_code"] == anna.referral_code
    assert "password" not in shown


def test_search_by_number_code_and_name(service_client: APIClient) -> None:
    anna = create_user(phone_number="+79161112233", username="Anna Karenina")
    create_user(phone_number="+79167778899", username="Анатоль")

    for term in ("+7916111", "7916111", "8 (916) 111-22-33", anna.referral_code.lower(), "anna", "Anna K"):
        assert numbers(service_client.get(f"/api/users/?search={quote(term)}")) == ["+79161112233"], term
    assert numbers(service_client.get("/api/users/?search=%2B7916")) == ["+79167778899", "+79161112233"]
    assert numbers(service_client.get(f"/api/users/?search={quote('Ана')}")) == ["+79167778899"]
    assert numbers(service_client.get("/api/users/?search=nobody")) == []


@pytest.mark.parametrize("typed", ["%2B381601234567", "+381601234567", "+381 60 1234567", "%2B381%20(60)%201234567"])
def test_a_person_is_found_by_the_whole_number(service_client: APIClient, typed: str) -> None:
    """An unescaped plus sign arrives as a space, which must not make it a number of the home country."""
    create_user(phone_number="+381601234567")
    create_user(phone_number="+381601234568")

    assert numbers(service_client.get(f"/api/users/?phone_number={typed}")) == ["+381601234567"]
    assert numbers(service_client.get("/api/users/?phone_number=%2B381601234569")) == []


def test_filters_and_ordering(service_client: APIClient) -> None:
    old = create_user(phone_number="+79160000002", registered_at=datetime(2020, 1, 1, tzinfo=UTC))
    banned = create_user(phone_number="+79160000001", is_active=False)

    assert numbers(service_client.get("/api/users/?is_active=false")) == [str(banned.phone_number)]
    assert numbers(service_client.get("/api/users/?is_staff=true")) == ["+79000000000"]
    assert numbers(service_client.get("/api/users/?registered_before=2020-01-02T00:00:00Z")) == [str(old.phone_number)]
    assert len(numbers(service_client.get("/api/users/?registered_after=2020-01-01T00:00:01Z"))) == 2
    assert numbers(service_client.get("/api/users/?ordering=phone_number")) == [
        "+79000000000",
        "+79160000001",
        "+79160000002",
    ]
    assert numbers(service_client.get("/api/users/?ordering=registered_at"))[0] == str(old.phone_number)


@pytest.mark.parametrize("typed", ["+79161112233", "8 (916) 111-22-33", " 79161112233", "79161112233"])
def test_filter_by_number_reads_it_as_people_type_it(service_client: APIClient, typed: str) -> None:
    create_user(phone_number="+79161112233")
    create_user()

    assert numbers(service_client.get("/api/users/", {"phone_number": typed})) == ["+79161112233"]


def test_a_plus_in_the_url_need_not_be_escaped(service_client: APIClient) -> None:
    create_user(phone_number="+381601234567")

    assert numbers(service_client.get("/api/users/?phone_number=+381601234567")) == ["+381601234567"]
    assert numbers(service_client.get("/api/users/?phone_number=%2B79160000000")) == []


def test_filter_by_inviter(service_client: APIClient) -> None:
    anna, other = create_users(2)
    boris, clara = create_user(invited_by=anna), create_user(invited_by=anna)
    create_user(invited_by=other)

    found = numbers(service_client.get("/api/users/", {"inviter": str(anna.public_id)}))

    assert found == [str(clara.phone_number), str(boris.phone_number)]
    assert numbers(service_client.get("/api/users/", {"inviter": str(boris.public_id)})) == []


def test_changed_people_are_listed_in_the_order_of_their_changes(
    service_client: APIClient, client: APIClient, clock: time_machine.Traveller
) -> None:
    anna, boris, clara, dina = create_users(4)
    quiet = create_user()
    changes: list[Callable[[], object]] = [
        lambda: api_client(dina).patch("/api/profile/", {"username": "Dina"}),
        lambda: service_client.patch(f"/api/users/{clara.public_id}/", {"is_active": False}),
        lambda: activate_code(api_client(boris), anna.referral_code),
    ]
    clock.shift(60)
    started = timezone.now()
    for change in changes:
        clock.shift(60)
        change()
    clock.shift(60)
    sign_up(client, str(quiet.phone_number))
    User.objects.filter(pk=quiet.pk).update(session_epoch=5)

    page = service_client.get("/api/users/", {"updated_after": started.isoformat(), "ordering": "updated_at"})
    first = service_client.get("/api/users/", {"updated_after": started, "ordering": "updated_at", "page_size": 1})
    second = service_client.get(first.json()["next"])

    assert numbers(page)[:2] == [str(dina.phone_number), str(clara.phone_number)]
    assert set(numbers(page)[2:]) == {str(anna.phone_number), str(boris.phone_number)}
    assert page.json()["results"][0]["updated_at"] == (started + timedelta(seconds=60)).isoformat().replace(
        "+00:00", "Z"
    )
    assert numbers(first) + numbers(second) == numbers(page)[:2]


@pytest.mark.parametrize(
    ("query", "code"),
    [("phone_number=12", "phone_number_invalid"), ("phone_number=" + "1" * 101, "max_length"), ("inviter=x", "invalid"),
     ("inviter=9", "invalid"), ("external_id=" + "x" * 129, "max_length"), ("username=" + "x" * 151, "max_length")],
)  # fmt: skip
def test_invalid_filter_says_what_is_wrong(service_client: APIClient, query: str, code: str) -> None:
    answer = service_client.get(f"/api/users/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][query.partition("=")[0]][0]["code"] == code


@pytest.mark.parametrize("query", ["ordering=password", "is_active=perhaps", "registered_after=soon", "search=%00"])
def test_invalid_query_is_rejected_with_a_reason(service_client: APIClient, query: str) -> None:
    answer = service_client.get(f"/api/users/?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.split("=", maxsplit=1)[0]]


def test_created_user_can_sign_in(service_client: APIClient, client: APIClient) -> None:
    saved = service_client.post("/api/users/", {"phone_number": "8 916 111 22 33", "username": "Anna"})

    assert saved.status_code == 201
    assert saved.json()["phone_number"] == "+79161112233"
    assert len(saved.json()["referral_code"]) == 6
    signed_up = sign_up(client, "+79161112233")
    assert signed_up["is_new_user"] is False
    assert signed_up["profile"]["referral_code"] == saved.json()["referral_code"]


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_number_is_unique(service_client: APIClient, method: str) -> None:
    taken, other = create_users(2)
    path = "/api/users/" if method == "post" else f"/api/users/{other.public_id}/"

    answer = getattr(service_client, method)(path, {"phone_number": str(taken.phone_number)})

    assert answer.status_code == 409
    assert answer.json()["code"] == "phone_number_taken"
    assert User.objects.filter(phone_number=taken.phone_number).count() == 1


def test_replaces_and_updates_a_user(service_client: APIClient) -> None:
    anna = create_user(username="Anna", is_active=False)
    path = f"/api/users/{anna.public_id}/"

    changed = service_client.patch(path, {"username": "Eve"}).json()
    replaced = service_client.put(path, {"phone_number": "+79161112233"}).json()

    assert (changed["username"], changed["is_active"]) == ("Eve", False)
    assert (replaced["phone_number"], replaced["username"], replaced["is_active"]) == ("+79161112233", "", True)
    assert replaced["referral_code"] == anna.referral_code
    assert service_client.put(path, {"username": "no number"}).status_code == 400


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "referral_code", "id", "password"])
def test_permissions_and_invite_code_cannot_be_set(service_client: APIClient, field: str) -> None:
    anna = create_user()
    before = User.objects.values().get(pk=anna.pk)

    answer = service_client.patch(f"/api/users/{anna.public_id}/", {field: "1", "username": "Eve"})

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert User.objects.values().get(pk=anna.pk) == before


def test_services_cannot_change_staff(service_client: APIClient) -> None:
    colleague = create_staff()
    path = f"/api/users/{colleague.public_id}/"

    assert service_client.get(path).status_code == 200
    assert service_client.patch(path, {"is_active": False}).status_code == 403
    assert service_client.delete(path).status_code == 403
    assert service_client.get(f"/api/users/{create_superuser().public_id}/").status_code == 200


@pytest.mark.parametrize("unknown", ["0", "9" * 30, "x", "019aa5f4-3c40-7a51-9d0e-4b1f8c2d7e60", "row number"])
def test_unknown_user_is_not_found(service_client: APIClient, unknown: str) -> None:
    shown = create_user().pk if unknown == "row number" else unknown

    for method in ("get", "put", "patch", "delete"):
        body = {"phone_number": phone_number()}
        assert getattr(service_client, method)(f"/api/users/{shown}/", body).status_code == 404
