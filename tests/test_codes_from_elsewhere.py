"""Invite codes that people had elsewhere, and invitations that a service brings along."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.support.api import activate_code
from tests.support.concurrency import run_concurrently
from tests.support.factories import api_client, create_user, phone_number, sign_up
from users.models import AuditRecord, Referral, User
from users.people.erasure import erase

pytestmark = pytest.mark.django_db


def save(service_client: APIClient, **fields: object):
    return service_client.post("/api/users/", {"phone_number": phone_number(), **fields})


@pytest.mark.parametrize(
    ("typed", "kept"), [("ANNA2024", "ANNA2024"), ("anna-2024", "ANNA2024"), ("0OIL1", "0OIL1"), ("x" * 12, "X" * 12)]
)
def test_a_code_from_elsewhere_is_kept_and_can_be_entered(service_client: APIClient, typed: str, kept: str) -> None:
    saved = save(service_client, referral_code=typed)

    assert saved.status_code == 201
    assert saved.json()["referral_code"] == kept
    for spelling in (typed, kept.lower(), f"http://127.0.0.1:8000/r/{kept}/"):
        assert activate_code(api_client(create_user()), spelling).json()["used_referral_code"] == kept
    assert APIClient().get(f"/api/referral-codes/{typed}/").json() == {"referral_code": kept}
    assert Client().get(f"/r/{kept}/").status_code == 200
    assert Client().get(f"/r/{kept}/qr.svg").status_code == 200
    assert len(service_client.get(f"/api/users/?search={typed}").json()["results"]) == 1


def test_a_code_is_meant_as_it_is_written_before_look_alikes_count(service_client: APIClient) -> None:
    for code in ("BBBB", "8888"):
        assert save(service_client, referral_code=code).json()["referral_code"] == code

    for typed in ("BBBB", "8888", "bbbb"):
        used = activate_code(api_client(create_user()), typed).json()["used_referral_code"]
        assert used == typed.upper()
    owner = User.objects.get(referral_code="8888")
    assert activate_code(api_client(owner), "BBBB").json()["used_referral_code"] == "BBBB"


def test_a_look_alike_of_a_code_of_this_service_is_still_read(service_client: APIClient) -> None:
    save(service_client, referral_code="8888")

    assert activate_code(api_client(create_user()), "BBBB").json()["used_referral_code"] == "8888"


@pytest.mark.parametrize("state", ["taken", "retired"])
def test_a_code_that_somebody_has_or_had_is_refused(service_client: APIClient, state: str) -> None:
    owner = create_user()
    if state == "retired":
        erase(user=owner)
    before = User.objects.count()

    answer = save(service_client, referral_code=owner.referral_code)

    assert (answer.status_code, answer.json()["code"]) == (409, "referral_code_taken")
    assert list(answer.json()["errors"]) == ["referral_code"]
    assert User.objects.count() == before


@pytest.mark.parametrize("typed", ["x" * 13, "ЁЖ", "a b!c", "---", "a_b"])
def test_a_code_of_another_form_is_refused(service_client: APIClient, typed: str) -> None:
    answer = save(service_client, referral_code=typed)

    assert answer.status_code == 400
    assert answer.json()["errors"]["referral_code"][0]["code"] == "referral_code_invalid"
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_concurrent_requests_one_gets_the_code(service_client: APIClient) -> None:
    answers = run_concurrently(*[lambda: save(service_client, referral_code="ANNA2024")] * 8)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_a_service_brings_an_invitation_along(service_client: APIClient, method: str, client: APIClient) -> None:
    anna, other = create_user(), create_user()
    path = "/api/users/" if method == "post" else f"/api/users/{other.public_id}/"
    phone = phone_number() if method == "post" else str(other.phone_number)

    answer = getattr(service_client, method)(path, {"phone_number": phone, "used_referral_code": anna.referral_code})

    assert answer.status_code in (200, 201)
    assert answer.json()["used_referral_code"] == anna.referral_code
    anna.refresh_from_db()
    assert anna.referrals_count == 1
    assert sign_up(client, phone)["profile"]["used_referral_code"] == anna.referral_code
    record = AuditRecord.objects.filter(action__in=["created", "changed"]).get()
    assert record.details["used_referral_code"] == [None, anna.referral_code]
    stored = User.objects.get(phone_number=phone).updated_at.isoformat().replace("+00:00", "Z")
    assert answer.json()["updated_at"] == stored


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_a_refused_invitation_changes_nothing(service_client: APIClient, method: str) -> None:
    other = create_user(username="Before")
    path = "/api/users/" if method == "post" else f"/api/users/{other.public_id}/"
    body = {"phone_number": phone_number(), "username": "After", "used_referral_code": "999999"}

    answer = getattr(service_client, method)(path, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "referral_code_not_found")
    assert [*User.objects.values_list("username", flat=True)] == ["Before"]


def test_the_usual_rules_hold_for_services(service_client: APIClient) -> None:
    anna = create_user()
    boris = create_user(invited_by=anna)

    def enter(user: User, code: str) -> str:
        answer = service_client.patch(f"/api/users/{user.public_id}/", {"used_referral_code": code})
        return str(answer.json().get("code", answer.status_code))

    assert enter(anna, anna.referral_code) == "own_referral_code"
    assert enter(anna, boris.referral_code) == "referral_circle"
    assert enter(boris, create_user().referral_code) == "already_activated"
    assert enter(boris, anna.referral_code) == "200"
    assert Referral.objects.count() == 1
