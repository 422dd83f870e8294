"""The webhooks of the host: added, changed, tested and replayed here only."""

import time
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.database import locks
from users.events import addresses, order, signing
from users.events.addresses import WebhookUrlForbidden, WebhookUrlInvalid
from users.models import Event, Webhook, WebhookDelivery
from users.refusals import Refusal

MOST = 20
#: The type of the event that `send_test` sends; it is not part of the feed.
TEST = "webhook.test"
_RESOLVED_WITHIN_SECONDS = 5.0


class TooManyWebhooks(Refusal):
    code = "too_many_webhooks"
    status = HTTPStatus.CONFLICT
    message = _("There can be 20 webhooks. Delete one first.")


class EventNotFound(Refusal):
    code = "event_not_found"
    message = _("There is no such event, or it was deleted after its time.")
    field = "event_id"


#: What `check` may raise.
REFUSALS = (WebhookUrlInvalid, WebhookUrlForbidden)


def add(*, url: str, types: Iterable[str] = (), **fields: Any) -> tuple[Webhook, str]:
    """Create a webhook for what happens from now on; return it and its secret, which is shown here only.

    `check` has accepted the `url`. `types` are values of `EventType`; none: all. Raises `TooManyWebhooks`.
    """
    with transaction.atomic():
        locks.lock_name("users.webhooks")  # of two concurrent requests the second counts the first
        if Webhook.objects.count() >= MOST:
            raise TooManyWebhooks
        order.give_positions()
        webhook = Webhook(url=url, types=list(types), position=order.last_position(), **fields)
        secret = signing.set_new_secret(webhook)
        webhook.save()
    return webhook, secret


def change(webhook: Webhook, **fields: Any) -> dict[str, Any]:
    """Change fields of a webhook, and return the former values of those that differ.

    `check` has accepted a `url`. One that is switched on goes on with the first event that it was not sent.
    """
    former = {name: getattr(webhook, name) for name, value in fields.items() if getattr(webhook, name) != value}
    for name in former:
        setattr(webhook, name, fields[name])
    if {"is_active", "url"} & former.keys():
        webhook.switched_off, webhook.failing_since, webhook.paused_until = "", None, None
    webhook.save(update_fields=[*former, "switched_off", "failing_since", "paused_until"])
    return former


def check(url: str) -> None:
    """Raise one of `REFUSALS` if nothing can be sent to an address. It is checked again whenever something is sent.

    Call it before the transaction that stores the address: it may wait for a name server.
    """
    target = addresses.parse(url)
    if settings.WEBHOOKS_ALLOW_PRIVATE:
        return
    try:
        addresses.resolve(target, seconds=_RESOLVED_WITHIN_SECONDS)
    except OSError:
        raise WebhookUrlForbidden from None


def new_secret(webhook: Webhook) -> str:
    """Give a webhook a new secret and return it; the former one signs along for 24 hours."""
    secret = signing.set_new_secret(webhook)
    webhook.save(update_fields=["sealed_secret", "sealed_former_secret", "former_secret_until"])
    return secret


def send_test(webhook: Webhook) -> WebhookDelivery:
    """Have an event of the type `webhook.test` sent to a webhook alone."""
    with transaction.atomic():
        event = Event.objects.create(type=TEST, position=-time.time_ns())
        return _send_soon(webhook, event)


def replay(webhook: Webhook, *, since: datetime | None = None, event_id: UUID | None = None) -> None:
    """Have an event sent again, or every event since a time (UTC), with the same ids. Raises `EventNotFound`."""
    if event_id:
        event = Event.objects.filter(public_id=event_id).first()
        if event is None:
            raise EventNotFound
        _send_soon(webhook, event)
    if since:
        order.give_positions()
        first = Event.objects.filter(at__gte=since, position__gt=0).aggregate(first=Min("position"))["first"]
        if first is not None:
            Webhook.objects.filter(pk=webhook.pk, position__gte=first).update(position=first - 1)


def _send_soon(webhook: Webhook, event: Event) -> WebhookDelivery:
    fresh = {"state": WebhookDelivery.State.WAITING, "attempts": [], "next_attempt_at": timezone.now(), "answer": ""}
    delivery, _is_new = WebhookDelivery.objects.update_or_create(webhook=webhook, event=event, defaults=fresh)
    return delivery
