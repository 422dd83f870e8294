"""What is sent for each type of event is what the section `webhooks` of the OpenAPI document says."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR
from tests.support.api import post_login, post_registration
from tests.support.factories import create_user, phone_number, request_code, service_client, sign_up, wrong_code
from tests.support.fake_gateways import Gateway
from tests.support.receivers import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unlimited")]

PATH = "/api/webhooks/"
#: Only a webhook `with_phone_numbers` gets them.
NUMBERS = ("phone_number", "former_phone_number")


@cache
def documented() -> dict[str, Any]:
    """Return the content of each event in the committed document: `schema` and `examples`."""
    document = json.loads((BASE_DIR / "docs/openapi.json").read_text())
    return {
        event_type: item["post"]["requestBody"]["content"]["application/json"]
        for event_type, item in document["webhooks"].items()
    }


def check(event: dict[str, Any], *, without: tuple[str, ...] = ()) -> None:
    """Validate an event by its schema, which names every member; `without`: those that must not be there."""
    schema = strict(documented()[event["type"]]["schema"])
    for name in without:
        schema["properties"]["data"]["properties"].pop(name, None)
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(("date-time", "uuid"))).validate(
        event
    )


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Refuse members that the schema does not name: receivers must accept new ones, but these are to be documented."""
    if "properties" not in schema:
        return schema
    members = {name: strict(member) for name, member in schema["properties"].items()}
    return {**schema, "properties": members, "additionalProperties": False}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as running:
        yield running


def let_everything_happen(host: APIClient, settings: Settings) -> str:
    """Have an event of each type recorded, some of them in two forms; return the id of the person."""
    settings.EVENTS_SIGN_INS = True
    inviter = create_user(external_id="shop-1")
    phone = phone_number()
    anna = str(sign_up(APIClient(), phone, username="Anna", used_referral_code=inviter.referral_code)["profile"]["id"])
    new = phone_number()
    for change in ({"username": "Anya"}, {"phone_number": new}, {"is_active": False}, {"is_active": True}):
        assert host.patch(f"/api/users/{anna}/", change).status_code == 200
    for known_or_unknown in (new, phone_number()):
        lock(known_or_unknown, settings)
    pause("LIMIT_CODES", settings)
    pause("LIMIT_CODES_PER_COUNTRY", settings)
    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        gateway.failures_to_come = 5
        assert {post_registration().status_code for _ in range(5)} == {503}
    assert host.delete(f"/api/users/{create_user().public_id}/").status_code == 204
    return anna


def lock(phone: str, settings: Settings) -> None:
    """Enter wrong codes until the number is locked."""
    settings.LIMIT_WRONG_TRIES_PER_NUMBER = "2/day"
    code = request_code(APIClient(), phone)
    for _ in range(2):
        assert post_login(phone, wrong_code(code), client_ip="203.0.113.9").status_code == 400
    assert post_login(phone, code, client_ip="203.0.113.9").status_code == 429


def pause(limit: str, settings: Settings) -> None:
    """Ask for codes until a limit over many is used up."""
    setattr(settings, limit, "1/hour")
    assert [post_registration().status_code for _ in range(2)][-1] == 503
    setattr(settings, limit, "")


def deliver() -> None:
    call_command("deliver_events", once=True)


def test_each_event_is_sent_as_its_schema_says(receiver: Receiver, settings: Settings) -> None:
    host = service_client()
    full = host.post(PATH, {"url": receiver.url("/full"), "with_phone_numbers": True}).json()
    host.post(PATH, {"url": receiver.url("/plain")})
    let_everything_happen(host, settings)
    host.post(f"{PATH}{full['id']}/test/")

    deliver()

    sent = [each.event for each in receiver.at("/full")]
    assert {event["type"] for event in sent} == set(documented())
    for event in sent:
        check(event)
    for each in receiver.at("/plain"):
        check(each.event, without=NUMBERS)
    assert len(receiver.at("/plain")) == len(sent) - 1
    # What is optional is there before an erasure.
    for event in {event["type"]: event for event in reversed(sent)}.values():
        (example,) = documented()[event["type"]]["examples"].values()
        assert set(event["data"]) == set(example["value"]["data"]), event["type"]


def test_the_feed_tells_each_event_as_its_schema_says(settings: Settings) -> None:
    host = service_client()
    let_everything_happen(host, settings)

    told = host.get("/api/events/", {"page_size": 1_000}).json()["results"]

    assert {event["type"] for event in told} == set(documented()) - {"webhook.test"}
    for event in told:
        check(event, without=NUMBERS)


def test_what_is_sent_again_after_an_erasure_is_as_the_schema_says(receiver: Receiver, settings: Settings) -> None:
    host = service_client()
    webhook = host.post(PATH, {"url": receiver.url(), "with_phone_numbers": True}).json()
    anna = let_everything_happen(host, settings)
    assert host.delete(f"/api/users/{anna}/").status_code == 204
    host.post(f"{PATH}{webhook['id']}/replay/", {"since": "2026-01-01T00:00:00Z"})

    deliver()

    about_anna = [each.event for each in receiver.received if anna in each.body.decode()]
    assert len(about_anna) > 7
    for event in about_anna:
        check(event, without=(*NUMBERS, "username", "referral_code"))


@pytest.mark.parametrize("event_type", documented())
def test_each_example_is_as_its_schema_says(event_type: str) -> None:
    for example in documented()[event_type]["examples"].values():
        check(example["value"])
