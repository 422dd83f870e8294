"""Webhooks in the panel: a secret is shown once, each delivery can be seen and repeated."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from tests.support.factories import create_staff, phone_number, sign_up
from tests.support.panel import panel_client
from tests.support.receivers import Receiver
from tests.support.tables import tables_with
from users.models import AuditRecord, Webhook, WebhookDelivery

WEBHOOKS, DELIVERIES = "/admin/users/webhook/", "/admin/users/webhookdelivery/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as running:
        yield running


def secret_on(page: Any) -> str:
    (secret,) = re.findall(r"whsec_[\w+/=]+", page.content.decode())
    return str(secret)


def act(client: Client, path: str, action: str, *rows: Any) -> Any:
    return client.post(path, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)


def test_a_superuser_makes_a_webhook_sees_its_deliveries_and_repeats_them(
    admin_client: Client, receiver: Receiver
) -> None:
    form = {"url": receiver.url("/500"), "types": ["person.registered"], "is_active": "on"}
    secret = secret_on(admin_client.post(f"{WEBHOOKS}add/", form))
    webhook = Webhook.objects.get()
    sign_up(APIClient(), phone_number())
    call_command("deliver_events", once=True)
    delivery = WebhookDelivery.objects.get()

    listed = admin_client.get(f"{DELIVERIES}?webhook={webhook.pk}").content.decode()
    page = admin_client.get(f"{DELIVERIES}{delivery.pk}/change/").content.decode()
    form |= {"url": receiver.url("/ok")}
    assert admin_client.post(f"{WEBHOOKS}{webhook.pk}/change/", form).status_code == 302
    act(admin_client, DELIVERIES, "replay", delivery)
    call_command("deliver_events", once=True)

    assert "person.registered" in listed
    assert "500" in listed
    assert "thank you" in page
    first, second = receiver.received
    assert first.id == second.id
    assert second.is_signed_by(secret)
    assert tables_with(secret.removeprefix("whsec_")) == set()
    assert "whsec_" not in admin_client.get(f"{WEBHOOKS}{webhook.pk}/change/").content.decode()


def test_actions_send_a_test_and_replay_a_day_and_give_a_new_secret(admin_client: Client, receiver: Receiver) -> None:
    admin_client.post(f"{WEBHOOKS}add/", {"url": receiver.url(), "is_active": "on"})
    webhook = Webhook.objects.get()
    sign_up(APIClient(), phone_number())
    call_command("deliver_events", once=True)

    new = secret_on(act(admin_client, WEBHOOKS, "new_secret", webhook))
    act(admin_client, WEBHOOKS, "send_test", webhook)
    act(admin_client, WEBHOOKS, "replay_a_day", webhook)
    call_command("deliver_events", once=True)

    types = [each.event["type"] for each in receiver.received]
    assert types == ["person.registered", "webhook.test", "person.registered"]
    assert [each.is_signed_by(new) for each in receiver.received] == [False, True, True]
    assert AuditRecord.objects.filter(thing=f"webhook {webhook.pk}", action="changed").count() == 2
    assert admin_client.post(f"{WEBHOOKS}{webhook.pk}/delete/", {"post": "yes"}).status_code == 302
    assert Webhook.objects.count() == 0


def test_a_wrong_address_and_a_webhook_too_many_are_errors_of_the_form(admin_client: Client) -> None:
    wrong = admin_client.post(f"{WEBHOOKS}add/", {"url": "ftp://shop.example", "is_active": "on"})
    for _ in range(20):
        admin_client.post(f"{WEBHOOKS}add/", {"url": "http://127.0.0.1:9/", "is_active": "on"})
    too_many = admin_client.post(f"{WEBHOOKS}add/", {"url": "http://127.0.0.1:9/", "is_active": "on"})

    assert "such as https://shop.example/events" in wrong.content.decode()
    assert "There can be 20 webhooks" in too_many.content.decode()
    assert Webhook.objects.count() == 20


def test_staff_without_all_rights_see_neither(admin_client: Client) -> None:
    staff = panel_client(create_staff())

    assert [staff.get(path).status_code for path in (WEBHOOKS, DELIVERIES)] == [403, 403]
    assert "Webhooks" not in staff.get("/admin/").content.decode()
