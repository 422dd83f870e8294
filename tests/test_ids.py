"""The ids of people: a UUID of this service, and the id that the host has given. Row numbers stay inside."""

import json
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.concurrency import run_concurrently
from tests.support.factories import api_client, create_user, phone_number, sign_up
from tests.support.panel import PEOPLE, user_page
from users.models import User
from users.people.erasure import erase

pytestmark = pytest.mark.django_db


def numbers(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [user["phone_number"] for user in answer.json()["results"]]


def test_every_answer_about_a_person_has_the_same_id(service_client: APIClient, client: APIClient) -> None:
    anna = create_user(external_id="shop-1")
    boris = create_user(invited_by=anna, external_id="shop-2")
    me = api_client(anna)

    of_anna = [
        me.get("/api/profile/").json(),
        me.patch("/api/profile/", {"username": "Anna"}).json(),
        json.loads(me.get("/api/profile/export/").getvalue())["profile"],
        service_client.get(f"/api/users/{anna.public_id}/").json(),
        service_client.get("/api/users/?external_id=shop-1").json()["results"][0],
        sign_up(client, str(anna.phone_number))["profile"],
    ]
    of_boris = [
        me.get("/api/profile/referrals/").json()["results"][0],
        json.loads(me.get("/api/profile/export/").getvalue())["referrals"][0],
    ]
    (referrer,) = service_client.get("/api/statistics/").json()["top_referrers"]

    assert {(each["id"], each["external_id"]) for each in of_anna} == {(str(anna.public_id), "shop-1")}
    assert {(each["id"], each["external_id"]) for each in of_boris} == {(str(boris.public_id), "shop-2")}
    assert referrer["id"] == str(anna.public_id)


def test_ids_sort_by_the_time_of_the_registration(service_client: APIClient) -> None:
    first, second = (service_client.post("/api/users/", {"phone_number": phone_number()}).json() for _ in range(2))

    assert UUID(first["id"]).version == 7
    assert UUID(first["id"]).int >> 80 <= UUID(second["id"]).int >> 80


def test_an_erased_person_has_no_id_in_the_list_of_their_inviter() -> None:
    anna = create_user()
    erase(user=create_user(invited_by=anna, external_id="shop-2"))

    (referral,) = api_client(anna).get("/api/profile/referrals/").json()["results"]

    assert (referral["id"], referral["external_id"], referral["phone_number"]) == (None, None, None)


def test_an_inviter_who_sees_masked_numbers_sees_no_external_ids(settings: Settings) -> None:
    settings.REFERRALS_SHOW_NUMBERS = "masked"
    anna = create_user()
    boris = create_user(invited_by=anna, external_id="boris@example.com")
    me = api_client(anna)

    seen = [
        me.get("/api/profile/referrals/").json()["results"][0],
        json.loads(me.get("/api/profile/export/").getvalue())["referrals"][0],
    ]

    assert {(each["id"], each["external_id"]) for each in seen} == {(str(boris.public_id), None)}


def test_a_host_finds_people_by_its_own_ids_and_by_name(service_client: APIClient) -> None:
    anna = create_user(external_id="shop-1", username="José Ёлкин")
    create_user(external_id="shop-11", username="José Ёлкина")

    assert numbers(service_client.get("/api/users/?external_id=shop-1")) == [str(anna.phone_number)]
    assert numbers(service_client.get("/api/users/?external_id=SHOP-1")) == []
    assert numbers(service_client.get("/api/users/", {"username": "jose елкин"})) == [str(anna.phone_number)]
    assert numbers(service_client.get("/api/users/?username=jose")) == []
    assert numbers(service_client.get("/api/users/?search=shop-1")) == [str(anna.phone_number)]
    assert numbers(service_client.get(f"/api/users/?search={anna.public_id}")) == [str(anna.phone_number)]


def test_a_host_gives_an_external_id_and_takes_it_away(service_client: APIClient) -> None:
    body = {"phone_number": phone_number(), "external_id": "заказ №1 " + "x" * 119}
    saved = service_client.post("/api/users/", body)
    path = f"/api/users/{saved.json()['id']}/"

    assert saved.json()["external_id"] == body["external_id"]
    assert service_client.patch(path, {"external_id": "shop-1"}).json()["external_id"] == "shop-1"
    assert service_client.patch(path, {"username": "Anna"}).json()["external_id"] == "shop-1"
    assert service_client.put(path, {"phone_number": body["phone_number"]}).json()["external_id"] is None


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_no_two_people_have_the_same_external_id(service_client: APIClient, method: str) -> None:
    create_user(external_id="shop-1")
    other = create_user(external_id="shop-2")
    path = "/api/users/" if method == "post" else f"/api/users/{other.public_id}/"

    answer = getattr(service_client, method)(path, {"phone_number": phone_number(), "external_id": "shop-1"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "external_id_taken"
    assert list(answer.json()["errors"]) == ["external_id"]
    assert [*User.objects.order_by("pk").values_list("external_id", flat=True)] == ["shop-1", "shop-2"]


@pytest.mark.django_db(transaction=True)
def test_of_concurrent_requests_one_gets_the_external_id(service_client: APIClient) -> None:
    bodies = [{"phone_number": phone_number(), "external_id": "shop-1"} for _ in range(10)]

    answers = run_concurrently(*[lambda body=body: service_client.post("/api/users/", body) for body in bodies])

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "code"),
    [("x" * 129, "max_length"), ("", "blank"), (42, "invalid"), ("a\nb", "external_id_invalid"), ([], "invalid")],
)
def test_an_invalid_external_id_is_refused(service_client: APIClient, typed: object, code: str) -> None:
    answer = service_client.post("/api/users/", {"phone_number": phone_number(), "external_id": typed})

    assert answer.status_code == 400
    assert answer.json()["errors"]["external_id"][0]["code"] == code
    assert not User.objects.exists()


def test_staff_see_both_ids_and_change_the_one_of_the_host(admin_client: Client) -> None:
    create_user(external_id="shop-1")
    anna = create_user(username="Anna")
    page = admin_client.get(user_page(anna)).content.decode()
    fields = {"phone_number": str(anna.phone_number), "username": "Anna", "is_active": "on"}

    taken = admin_client.post(user_page(anna), {**fields, "external_id": "shop-1"})
    changed = admin_client.post(user_page(anna), {**fields, "external_id": "shop-2"})

    assert str(anna.public_id) in page
    assert "Another person has this external id." in taken.content.decode()
    assert changed.status_code == 302
    anna.refresh_from_db()
    assert anna.external_id == "shop-2"
    assert admin_client.get(PEOPLE, {"q": "shop-2"}).context["cl"].result_count == 1
