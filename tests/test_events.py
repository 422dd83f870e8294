"""Events: each is written in the transaction of what happened, and the feed skips and repeats none."""

import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import activate_code, post_login, post_registration
from tests.support.concurrency import run_concurrently
from tests.support.factories import (
    api_client,
    authorized_client,
    create_user,
    phone_number,
    request_code,
    service_client,
    sign_up,
)
from tests.support.fake_gateways import Gateway
from tests.support.panel import user_page
from tests.support.servers import PATIENCE_SECONDS
from users import events
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]

Event = dict[str, Any]


def page(cursor: str | None = None, **query: Any) -> dict[str, Any]:
    asked = {"after": cursor, **query} if cursor else query
    answer = service_client("events:read").get("/api/events/", asked)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def all_events() -> list[Event]:
    return list(page(page_size=1_000)["results"])


def types() -> list[str]:
    return [event["type"] for event in all_events()]


def sign_in_with_code_of(inviter: User) -> User:
    phone = phone_number()
    sign_up(APIClient(), phone, used_referral_code=inviter.referral_code)
    return User.objects.get(phone_number=phone)


def test_everything_that_happens_to_a_person_is_told_in_order(admin_client: Client, settings: Settings) -> None:
    settings.EVENTS_SIGN_INS = True
    inviter = create_user(external_id="shop-1")
    host = service_client()

    anna = sign_in_with_code_of(inviter)
    path = f"/api/users/{anna.public_id}/"
    host.patch(path, {"username": "Anna", "external_id": "shop-2"})
    host.patch(path, {"phone_number": phone_number()})
    host.patch(path, {"is_active": False})
    admin_client.post(user_page(anna), {"phone_number": phone_number(), "username": "Anya"})
    admin_client.post(user_page(anna, "act"), {"act": "unblock"})
    host.delete(path)

    assert types() == [
        "person.registered",
        "person.signed_in",
        "referral.activated",
        "person.renamed",
        "person.phone_number_changed",
        "person.disabled",
        "person.renamed",
        "person.phone_number_changed",
        "person.enabled",
        "person.erased",
    ]
    assert {event["data"]["person"]["id"] for event in all_events()} == {str(anna.public_id)}


def fail(settings: Settings) -> None:
    """Ask for codes that no gateway takes, until the gateway counts as failing."""
    settings.LIMIT_CODES = ""
    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        gateway.failures_to_come = 5
        assert {post_registration().status_code for _ in range(5)} == {503}
    settings.SMS_URL = "console:"


def test_what_goes_on_is_told_once(settings: Settings) -> None:
    settings.LIMIT_CODES_PER_COUNTRY = "1/hour"
    assert [post_registration().status_code for _ in range(3)] == [202, 503, 503]
    settings.LIMIT_CODES_PER_COUNTRY = ""
    fail(settings)

    (paused, failing) = all_events()

    assert (paused["data"]["limit"], paused["data"]["country"]) == ("LIMIT_CODES_PER_COUNTRY", "RU")
    assert (failing["data"]["channel"], failing["data"]["failures"]) == ("json", 3)


def test_what_fails_is_not_told(settings: Settings) -> None:
    host = service_client()
    unknown = {"phone_number": phone_number(), "used_referral_code": "AEIOUY"}
    assert host.post("/api/users/", unknown).status_code == 400
    rows = [{"phone_number": phone_number()}]
    assert host.post("/api/users/import/", {"rows": rows, "dry_run": True}).status_code == 200
    phone = phone_number()
    code = request_code(APIClient(), phone)
    assert post_login(phone, code, used_referral_code="AEIOUY").status_code == 400
    assert api_client(create_user()).patch("/api/profile/", {"username": ""}).status_code == 200

    assert all_events() == []


def test_an_import_tells_of_each_person_and_invitation(service_client: APIClient) -> None:
    inviter = create_user()
    rows = [{"phone_number": phone_number(), "used_referral_code": inviter.referral_code} for _ in range(3)]
    service_client.post("/api/users/import/", {"rows": rows})
    service_client.post("/api/users/import/", {"rows": rows})  # repeated: nothing happens

    assert types() == ["person.registered"] * 3 + ["referral.activated"] * 3


@pytest.mark.django_db(transaction=True)
def test_of_fifty_concurrent_activations_one_is_told() -> None:
    newcomer, inviters = create_user(), [create_user() for _ in range(2)]
    clients = [api_client(newcomer) for _ in range(50)]

    codes = [inviters[nth % 2].referral_code for nth in range(50)]
    run_concurrently(*[lambda pair=pair: activate_code(*pair) for pair in zip(clients, codes, strict=True)])

    assert types() == ["referral.activated"]


def test_the_feed_tells_no_phone_number_and_the_ids_of_the_host() -> None:
    inviter = create_user(external_id="shop-1")
    anna = sign_in_with_code_of(inviter)

    *_, activated = all_events()

    assert activated["data"]["inviter"] == {"id": str(inviter.public_id), "external_id": "shop-1"}
    assert str(anna.phone_number)[-10:] not in str(all_events())


def test_an_erasure_leaves_ids_only() -> None:
    token = sign_up(APIClient(), phone_number(), username="Zinaida")["token"]
    (before,) = all_events()
    assert authorized_client(f"Token {token}").delete("/api/profile/").status_code == 204

    registered, erased = all_events()

    assert before["data"]["username"] == "Zinaida"
    assert set(registered["data"]) == {"person", "registered_at"}
    assert registered["data"]["person"] == erased["data"]["person"] == {"id": before["data"]["person"]["id"]}


def test_a_reader_goes_on_from_its_cursor() -> None:
    first = page()
    people = [sign_in_with_code_of(create_user()) for _ in range(2)]

    pages = [page(first["cursor"], page_size=3)]
    pages.append(page(pages[0]["cursor"], page_size=3))

    told = [event["type"] for each in pages for event in each["results"]]
    assert told == ["person.registered", "referral.activated"] * len(people)
    assert [each["has_more"] for each in pages] == [True, False]
    assert page(pages[1]["cursor"])["results"] == []


def test_a_reader_of_one_type_goes_on_from_its_cursor() -> None:
    sign_in_with_code_of(create_user())
    first = page(type="referral.activated")
    sign_in_with_code_of(create_user())

    second = page(first["cursor"], type="referral.activated, person.erased")

    assert [len(each["results"]) for each in (first, second)] == [1, 1]
    assert first["results"] != second["results"]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("after=42", "after", "invalid_cursor"),
        ("after=%00", "after", "invalid_cursor"),
        ("after=Zg", "after", "invalid_cursor"),
        ("type=person.exploded", "type", "invalid_choice"),
        ("type=person.erased,", "type", "invalid_choice"),
        ("page_size=1001", "page_size", "max_value"),
        ("since=yesterday", "since", "unknown_parameter"),
    ],
)
def test_a_wrong_parameter_is_refused(service_client: APIClient, query: str, field: str, code: str) -> None:
    answer = service_client.get(f"/api/events/?{query}")

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"][field]] == [code]


def test_the_feed_needs_its_scope(client: APIClient) -> None:
    assert service_client("people:read").get("/api/events/").json()["code"] == "scope_missing"
    assert client.get("/api/events/").status_code == 401


def test_a_reader_whose_next_events_are_deleted_is_told_so(settings: Settings, clock: time_machine.Traveller) -> None:
    settings.EVENTS_DAYS = 30
    start = page()["cursor"]
    sign_in_with_code_of(create_user())
    end = page()["cursor"]
    clock.shift(timedelta(days=30, minutes=1))
    call_command("purge")

    late, current = (service_client().get("/api/events/", {"after": cursor}) for cursor in (start, end))
    of_another_time = urlsafe_b64encode(b"1000").decode()

    assert (late.status_code, late.json()["code"]) == (410, "events_purged")
    assert current.json()["results"] == []
    assert service_client().get("/api/events/", {"after": of_another_time}).status_code == 410


@contextmanager
def open_transaction(write: Callable[[], None]) -> Iterator[None]:
    """Keep a transaction open in another connection, and commit it at the end."""
    written, finish = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            write()
            written.set()
            finish.wait(PATIENCE_SECONDS)
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    assert written.wait(PATIENCE_SECONDS)
    yield
    finish.set()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_committed_late_is_not_skipped() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: transactions don't overlap")
    early, late = create_user(), create_user()

    with open_transaction(lambda: events.people_registered(late)):
        events.people_registered(early)
        first = page()
    second = page(first["cursor"])

    told = [[event["data"]["person"]["id"] for event in each["results"]] for each in (first, second)]
    assert told == [[str(early.public_id)], [str(late.public_id)]]


@pytest.mark.django_db(transaction=True)
def test_two_readers_beside_writers_get_every_event_once_and_in_the_same_order() -> None:
    people = [create_user() for _ in range(4)]
    rounds, in_each = 20, 5
    finished: list[User] = []

    def write(user: User) -> list[str]:
        for _ in range(rounds):
            with transaction.atomic():
                for _ in range(in_each):
                    events.people_registered(user)
        finished.append(user)
        return []

    def read() -> list[str]:
        client, cursor, seen, goes_on = service_client("events:read"), None, list[str](), True
        while goes_on:
            are_writing = len(finished) < len(people)  # before the page is read
            answer = client.get("/api/events/", {"page_size": 7, **({"after": cursor} if cursor else {})}).json()
            cursor, goes_on = answer["cursor"], are_writing or answer["has_more"]
            seen += [event["id"] for event in answer["results"]]
        return seen

    *_, first, second = run_concurrently(*[lambda user=user: write(user) for user in people], read, read)

    assert len(set(first)) == len(first) == len(people) * rounds * in_each
    assert first == second
