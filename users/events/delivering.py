"""Delivery of events to webhooks.

A webhook is claimed by one deliverer at a time, in a row with a lease: a receiver that hangs holds up one thread. The
deliverer walks along the feed from the webhook's position; what fails gets a row that says when to try again. Results
are noted after the answers, some at a time: a deliverer that is killed in between has them sent again, by the same id.
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from common.database import sql
from users.events import order, schedule
from users.events.payloads import READ_WITH, payload
from users.events.sending import MOST_BYTES, Line, Outcome
from users.events.signing import SecretUnreadable, Signatures
from users.models import Event, Webhook, WebhookDelivery

State, Failure = WebhookDelivery.State, WebhookDelivery.Failure
RUN_SECONDS = 20
_LEASE = timedelta(seconds=20)
_BATCH = 100
#: Results are noted after so many, or so many seconds, or a failure.
_NOTED_AT_ONCE, _NOTED_WITHIN_SECONDS = 25, 1.0
_KEPT_OF_ANSWER = 500
_GONE = 410
_RESULTS = ["state", "attempts", "answer", "next_attempt_at"]
#: Those of a list of events that no erasure has emptied, nor is emptying now.
_WHOLE = "SELECT id FROM users_event WHERE id IN ({ids}) AND phone_number <> ''"
_LOCK_WHOLE = f"{_WHOLE} FOR SHARE SKIP LOCKED"
_HEADERS = {"Content-Type": "application/json", "User-Agent": "referral-service-webhooks"}


def due() -> list[int]:
    """Give new events their positions; return the webhooks that have something to send and no deliverer."""
    order.give_positions()
    now, last = timezone.now(), order.last_position()
    free = Webhook.objects.filter(_is_free(now), _is_open(now), is_active=True)
    return [webhook.pk for webhook in free.order_by("pk") if webhook.position < last or _retries(webhook, now).exists()]


def deliver(webhook_id: int, *, stop: Callable[[], bool] = lambda: False) -> bool:
    """Send what is due to a webhook, unless it has a deliverer, for up to `RUN_SECONDS`. True if there is more."""
    until = time.monotonic() + RUN_SECONDS
    run = _Run.begin(webhook_id, is_over=lambda: stop() or time.monotonic() > until)
    if run is None:
        return False
    try:
        while run.step():
            if run.is_over():
                return not stop()
    finally:
        run.end()
    return False


class _Lost(Exception):
    """The lease ended, or the webhook was deleted."""


class _Run:
    """The work of one deliverer at one webhook."""

    def __init__(self, webhook: Webhook, is_over: Callable[[], bool]) -> None:
        self._webhook, self._claimed_until, self.is_over = webhook, webhook.claimed_until, is_over
        self._url, self._line = webhook.url, Line(webhook.url)
        self._done: list[WebhookDelivery] = []
        self._noted_at = time.monotonic()

    @classmethod
    def begin(cls, webhook_id: int, *, is_over: Callable[[], bool]) -> "_Run | None":
        """Claim a webhook. None if another deliverer has it, or nothing may be sent."""
        now = timezone.now()
        until = now + _LEASE
        # One statement: under concurrency exactly one deliverer gets the lease.
        free = Webhook.objects.filter(_is_free(now), _is_open(now), pk=webhook_id, is_active=True)
        if not free.update(claimed_until=until):
            return None
        webhook = Webhook.objects.filter(pk=webhook_id, claimed_until=until).first()
        return cls(webhook, is_over) if webhook else None

    def end(self) -> None:
        self._line.close()
        Webhook.objects.filter(pk=self._webhook.pk, claimed_until=self._claimed_until).update(claimed_until=None)

    def step(self) -> bool:
        """Send one batch. False if nothing is left, or nothing may be sent now."""
        try:
            return self._send_all(self._batch())
        except _Lost:
            return False

    def _batch(self) -> list[WebhookDelivery]:
        """Return what is due: retries first, then the next events of the feed."""
        retries = _retries(self._webhook, timezone.now()).select_related(*(f"event__{role}" for role in READ_WITH))
        if found := list(retries.order_by("next_attempt_at")[:_BATCH]):
            return found
        while True:
            order.give_positions()  # to some; with none of a type that is wanted among them, to the next
            last = order.last_position()
            new = self._new_events(until=last)
            if new or last <= self._webhook.position:
                return [WebhookDelivery(webhook=self._webhook, event=event) for event in new]
            self._move_to(last)

    def _new_events(self, *, until: int) -> list[Event]:
        events = Event.objects.filter(position__gt=self._webhook.position, position__lte=until)
        if self._webhook.types:
            events = events.filter(type__in=self._webhook.types)
        return list(events.select_related(*READ_WITH).order_by("position")[:_BATCH])

    def _send_all(self, batch: list[WebhookDelivery]) -> bool:
        for delivery in batch:
            outcome = self._attempt(delivery)
            may_go_on = self._judge(delivery, outcome)
            self._done.append(delivery)
            is_late = time.monotonic() - self._noted_at > _NOTED_WITHIN_SECONDS
            if not outcome.is_success or is_late or len(self._done) >= _NOTED_AT_ONCE:
                self._note()
            if not may_go_on:
                return False
            if self.is_over():
                break
        self._note()
        return bool(batch)

    def _attempt(self, delivery: WebhookDelivery) -> Outcome:
        now = timezone.now()
        began = time.monotonic()
        outcome = self._post(delivery.event, now)
        delivery.attempts.append(
            {
                "at": now.isoformat().replace("+00:00", "Z"),
                "status": outcome.status,
                "failure": outcome.failure,
                "seconds": round(time.monotonic() - began, 3),
            }
        )
        # PostgreSQL stores no NUL.
        delivery.answer = outcome.answer[:_KEPT_OF_ANSWER].decode(errors="replace").replace("\0", "\ufffd")
        return outcome

    def _post(self, event: Event, now: datetime) -> Outcome:
        told = payload(event, with_phone_numbers=self._webhook.with_phone_numbers)
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        if len(body.encode()) > MOST_BYTES:
            return Outcome(failure=Failure.TOO_LARGE)
        try:
            signed = Signatures(self._webhook).headers(told["id"], body, at=now)
        except SecretUnreadable:
            return Outcome(failure=Failure.UNREADABLE)
        return self._line.post(body.encode(), {**_HEADERS, **signed})

    def _judge(self, delivery: WebhookDelivery, outcome: Outcome) -> bool:
        """Set what follows from an outcome. False if the webhook gets nothing more for now."""
        now, webhook = timezone.now(), self._webhook
        if outcome.is_success:
            delivery.state, delivery.next_attempt_at = State.DELIVERED, None
            webhook.failing_since = None
            return True
        if outcome.failure == Failure.TOO_LARGE:
            delivery.state, delivery.next_attempt_at = State.FAILED, None
            return True
        delivery.next_attempt_at = schedule.next_attempt(len(delivery.attempts), now)
        delivery.state = State.WAITING if delivery.next_attempt_at else State.FAILED
        webhook.failing_since = webhook.failing_since or now
        silent_until = now + schedule.AFTER_SILENCE if outcome.failure else None
        webhook.paused_until = schedule.paused_until(outcome.retry_after, now) or silent_until
        if outcome.status == _GONE:
            webhook.switched_off = Webhook.SwitchedOff.GONE
        elif now - webhook.failing_since >= schedule.GIVEN_UP_AFTER:
            webhook.switched_off = Webhook.SwitchedOff.FAILING
        return not (webhook.switched_off or webhook.paused_until)

    @transaction.atomic
    def _note(self) -> None:
        """Store the results, and renew the lease."""
        done, self._done, self._noted_at = self._done, [], time.monotonic()
        if not done:
            return
        webhook, until = self._webhook, timezone.now() + _LEASE
        off = {"is_active": False, "switched_off": webhook.switched_off} if webhook.switched_off else {}
        mine = Webhook.objects.filter(pk=webhook.pk, claimed_until=self._claimed_until)
        if not mine.update(
            claimed_until=until, failing_since=webhook.failing_since, paused_until=webhook.paused_until, **off
        ):
            raise _Lost
        self._claimed_until = until
        _forget_answers_about_erased(done)
        new = [delivery for delivery in done if delivery.pk is None]
        WebhookDelivery.objects.bulk_update([delivery for delivery in done if delivery.pk], _RESULTS)
        # A replay sends an event again that has a row.
        WebhookDelivery.objects.bulk_create(
            new, update_conflicts=True, unique_fields=["webhook", "event"], update_fields=_RESULTS
        )
        self._move_to(max(delivery.event.position or 0 for delivery in done))

    def _move_to(self, position: int) -> None:
        """Go on in the feed, unless a replay has moved the webhook back meanwhile."""
        webhook = self._webhook
        if position > webhook.position:
            Webhook.objects.filter(pk=webhook.pk, position=webhook.position).update(position=position)
        webhook.refresh_from_db(fields=["position", "is_active", "url", "types", "with_phone_numbers"])
        if not (webhook.is_active or webhook.switched_off) or webhook.url != self._url:
            raise _Lost


def _forget_answers_about_erased(done: Sequence[WebhookDelivery]) -> None:
    """Leave out answers about people who were erased since the event was read: they may repeat what was sent."""
    about_people = [each for each in done if each.answer and each.event.phone_number]
    if not about_people:
        return
    statement = _LOCK_WHOLE if connection.features.has_select_for_update else _WHOLE
    ids = [each.event.pk for each in about_people]
    whole = {pk for (pk,) in sql.rows(statement.format(ids=", ".join(["%s"] * len(ids))), *ids)}
    for each in about_people:
        if each.event.pk not in whole:
            each.answer = ""


def _is_free(now: datetime) -> Q:
    # A later end is none that this clock gave: it was set back.
    return Q(claimed_until=None) | Q(claimed_until__lte=now) | Q(claimed_until__gt=now + 2 * _LEASE)


def _is_open(now: datetime) -> Q:
    return Q(paused_until=None) | Q(paused_until__lte=now)


def _retries(webhook: Webhook, now: datetime) -> "models.QuerySet[WebhookDelivery]":
    return WebhookDelivery.objects.filter(webhook=webhook, next_attempt_at__lte=now)
