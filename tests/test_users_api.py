"""Everybody, for staff."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from tests.support.factories import invited_by, person, phone_number, sign_up, signed_in, staff, superuser
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> APIClient:
    return signed_in(staff(phone_number="+79000000000"))


def numbers(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [user["phone_number"] for user in answer.json()["results"]]


def test_is_for_staff_only() -> None:
    somebody, me = person(), signed_in(person())

    answers = [
        me.get("/api/users/"),
        me.post("/api/users/", {"phone_number": phone_number()}),
        me.get(f"/api/users/{somebody.pk}/"),
        me.put(f"/api/users/{somebody.pk}/", {"phone_number": phone_number()}),
        me.patch(f"/api/users/{somebody.pk}/", {"username": "Mallory"}),
        me.delete(f"/api/users/{somebody.pk}/"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 6
    assert User.objects.count() == 2


def test_lists_everybody_newest_first_by_pages(office: APIClient) -> None:
    people = [str(person().phone_number) for _ in range(5)]

    page = office.get("/api/users/?page_size=4")
    rest = office.get(page.json()["next"])

    assert numbers(page) + numbers(rest) == [*reversed(people), "+79000000000"]
    assert rest.json()["next"] is None


def test_shows_one_person_with_those_who_came_with_them(office: APIClient) -> None:
    anna = person(username="Anna")
    boris = invited_by(anna)

    shown = office.get(f"/api/users/{anna.pk}/").json()
    of_boris = office.get(f"/api/users/{boris.pk}/").json()

    assert shown["phone_number"] == str(anna.phone_number)
    assert shown["referrals"] == [str(boris.phone_number)]
    assert shown["referrals_count"] == 1
    assert of_boris["used_referral_code"] == anna.referral_code
    assert "password" not in shown


def test_finds_people_by_number_code_and_name(office: APIClient) -> None:
    anna = person(phone_number="+79161112233", username="Anna Karenina")
    person(phone_number="+79167778899", username="Анатоль")

    for term in ("+7916111", "7916111", "8 (916) 111-22-33", anna.referral_code.lower(), "anna", "Anna K"):
        assert numbers(office.get(f"/api/users/?search={quote(term)}")) == ["+79161112233"], term
    assert numbers(office.get("/api/users/?search=%2B7916")) == ["+79167778899", "+79161112233"]
    assert numbers(office.get(f"/api/users/?search={quote('Ана')}")) == ["+79167778899"]
    assert numbers(office.get("/api/users/?search=nobody")) == []


def test_filters_and_orders(office: APIClient) -> None:
    old = person(phone_number="+79160000002", registered_at=datetime(2020, 1, 1, tzinfo=UTC))
    banned = person(phone_number="+79160000001", is_active=False)

    assert numbers(office.get("/api/users/?is_active=false")) == [str(banned.phone_number)]
    assert numbers(office.get("/api/users/?is_staff=true")) == ["+79000000000"]
    assert numbers(office.get("/api/users/?registered_before=2020-01-02T00:00:00Z")) == [str(old.phone_number)]
    assert len(numbers(office.get("/api/users/?registered_after=2020-01-01T00:00:01Z"))) == 2
    assert numbers(office.get("/api/users/?ordering=phone_number")) == [
        "+79000000000",
        "+79160000001",
        "+79160000002",
    ]
    assert numbers(office.get("/api/users/?ordering=registered_at"))[0] == str(old.phone_number)


@pytest.mark.parametrize("query", ["ordering=password", "is_active=perhaps", "registered_after=soon", "search=%00"])
def test_says_what_is_wrong_with_a_question(office: APIClient, query: str) -> None:
    answer = office.get(f"/api/users/?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.split("=", maxsplit=1)[0]]


def test_saves_a_person_who_then_signs_in(office: APIClient, client: APIClient) -> None:
    saved = office.post("/api/users/", {"phone_number": "8 916 111 22 33", "username": "Anna"})

    assert saved.status_code == 201
    assert saved.json()["phone_number"] == "+79161112233"
    assert len(saved.json()["referral_code"]) == 6
    signed_up = sign_up(client, "+79161112233")
    assert signed_up["is_new_user"] is False
    assert signed_up["profile"]["referral_code"] == saved.json()["referral_code"]


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_one_number_is_one_person(office: APIClient, method: str) -> None:
    taken, other = person(), person()
    path = "/api/users/" if method == "post" else f"/api/users/{other.pk}/"

    answer = getattr(office, method)(path, {"phone_number": str(taken.phone_number)})

    assert answer.status_code == 409
    assert answer.json()["code"] == "phone_number_taken"
    assert User.objects.filter(phone_number=taken.phone_number).count() == 1


def test_replaces_and_changes_a_person(office: APIClient) -> None:
    anna = person(username="Anna", is_active=False)
    path = f"/api/users/{anna.pk}/"

    changed = office.patch(path, {"username": "Eve"}).json()
    replaced = office.put(path, {"phone_number": "+79161112233"}).json()

    assert (changed["username"], changed["is_active"]) == ("Eve", False)
    assert (replaced["phone_number"], replaced["username"], replaced["is_active"]) == ("+79161112233", "", True)
    assert replaced["referral_code"] == anna.referral_code
    assert office.put(path, {"username": "no number"}).status_code == 400


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "referral_code", "id", "password"])
def test_gives_nobody_more_rights_nor_another_code(office: APIClient, field: str) -> None:
    anna = person()
    before = User.objects.values().get(pk=anna.pk)

    answer = office.patch(f"/api/users/{anna.pk}/", {field: "1", "username": "Eve"})

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert User.objects.values().get(pk=anna.pk) == before


def test_only_a_superuser_touches_staff(office: APIClient) -> None:
    colleague = staff()
    path = f"/api/users/{colleague.pk}/"

    assert office.get(path).status_code == 200
    assert office.patch(path, {"is_active": False}).status_code == 403
    assert office.delete(path).status_code == 403
    assert signed_in(superuser()).patch(path, {"is_active": False}).status_code == 200


@pytest.mark.parametrize("pk", ["0", "999999999", "9" * 30, "x", "-1"])
def test_does_not_find_nobody(office: APIClient, pk: str) -> None:
    for method in ("get", "put", "patch", "delete"):
        body = {"phone_number": phone_number()}
        assert getattr(office, method)(f"/api/users/{pk}/", body).status_code == 404
