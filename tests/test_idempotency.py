"""A POST with an `Idempotency-Key` is carried out once."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.concurrency import run_concurrently
from tests.support.factories import create_user, phone_number, service_client
from users.models import Delivery, IdempotencyKey, User

pytestmark = pytest.mark.django_db


def post(client: APIClient, path: str, body: dict[str, Any], key: str) -> Any:
    return client.post(path, body, headers={"Idempotency-Key": key})


def test_a_repeated_registration_sends_one_message_and_shows_the_code_once(client: APIClient) -> None:
    body, key = {"phone_number": phone_number()}, str(uuid.uuid4())

    first = post(client, "/api/registration/", body, key)
    again = post(client, "/api/registration/", body, f'"{key}"')

    told = first.json()
    assert "confirmation_code" in told
    del told["confirmation_code"]
    assert (again.status_code, again.json()) == (202, told)
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_equal_requests_at_once_send_one_message(unlimited: None, settings: Settings) -> None:
    body, key = {"phone_number": phone_number()}, str(uuid.uuid4())

    answers = run_concurrently(*[lambda: post(APIClient(), "/api/registration/", body, key)] * 50)

    refused = {answer.json()["code"] for answer in answers if answer.status_code != 202}
    assert refused <= {"idempotency_key_in_use"}
    assert sum("confirmation_code" in answer.json() for answer in answers) == 1
    assert Delivery.objects.count() == 1
    assert post(APIClient(), "/api/registration/", body, key).status_code == 202


def test_services_repeat_their_requests(service_client: APIClient) -> None:
    person, rows = {"phone_number": phone_number()}, {"rows": [{"phone_number": phone_number()}]}

    for path, body in (("/api/users/", person), ("/api/users/import/", rows)):
        first, again = (post(service_client, path, body, "key-1") for _ in range(2))
        assert first.status_code == again.status_code < 300
        assert first.json() == again.json()
    assert User.objects.count() == 2


def test_another_body_with_the_same_key_is_refused(service_client: APIClient) -> None:
    post(service_client, "/api/users/", {"phone_number": phone_number()}, "key-1")

    answer = post(service_client, "/api/users/", {"phone_number": phone_number()}, "key-1")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert User.objects.count() == 1


def test_a_key_belongs_to_its_service() -> None:
    answers = [
        post(client, "/api/users/", {"phone_number": phone_number()}, "key-1")
        for client in (service_client(), service_client())
    ]

    assert [answer.status_code for answer in answers] == [201, 201]


def test_a_refused_request_can_be_repeated_with_the_same_key(service_client: APIClient) -> None:
    taken = create_user()
    body = {"phone_number": str(taken.phone_number)}

    refused = post(service_client, "/api/users/", body, "key-1")
    taken.delete()

    assert refused.status_code == 409
    assert post(service_client, "/api/users/", body, "key-1").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ключ"])
def test_a_key_of_another_form_is_refused(service_client: APIClient, key: str) -> None:
    answer = post(service_client, "/api/users/", {"phone_number": phone_number()}, key)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
    assert not User.objects.exists()


def test_a_key_is_kept_for_24_hours(client: APIClient, clock: time_machine.Traveller) -> None:
    body = {"phone_number": phone_number()}
    post(client, "/api/registration/", body, "key-1")

    clock.shift(timedelta(hours=23, minutes=59))
    post(client, "/api/registration/", body, "key-1")
    call_command("purge", verbosity=0)
    kept = Delivery.objects.count(), IdempotencyKey.objects.count()
    clock.shift(timedelta(minutes=2))
    call_command("purge", verbosity=0)

    assert kept == (1, 1)
    assert not IdempotencyKey.objects.exists()
    post(client, "/api/registration/", body, "key-1")
    assert Delivery.objects.count() == 2


def test_a_request_that_was_killed_blocks_its_key_for_a_minute(
    service_client: APIClient, clock: time_machine.Traveller
) -> None:
    body = {"phone_number": phone_number()}
    post(service_client, "/api/users/", body, "key-1")
    User.objects.all().delete()
    IdempotencyKey.objects.update(sealed_answer="")  # as if the answer was never made

    at_once = post(service_client, "/api/users/", body, "key-1")
    clock.shift(61)
    later = post(service_client, "/api/users/", body, "key-1")

    assert (at_once.status_code, at_once.json()["code"]) == (409, "idempotency_key_in_use")
    assert later.status_code == 201


def test_what_is_kept_tells_neither_number_nor_key(service_client: APIClient) -> None:
    phone = phone_number()
    post(service_client, "/api/users/", {"phone_number": phone}, "key-of-a-shop")

    row = str(IdempotencyKey.objects.values().get())

    assert phone[1:] not in row
    assert "key-of-a-shop" not in row
