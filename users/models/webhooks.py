"""Webhooks: addresses of the host to which events are sent, and what became of each event there."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.database.uuids import uuid7
from users.models.events import Event

URL_MAX_LENGTH = 500


class Webhook(models.Model):
    """An address of the host."""

    class SwitchedOff(models.TextChoices):
        """Why the service, and not a person, has switched a webhook off."""

        GONE = "gone", _("the receiver answered 410 Gone")
        FAILING = "failing", _("every delivery failed for five days")

    public_id = models.UUIDField(_("public id"), default=uuid7, unique=True, editable=False)
    url = models.CharField(_("address"), max_length=URL_MAX_LENGTH)
    #: Values of `EventType`; empty: every type.
    types: "models.JSONField[list[str], list[str]]" = models.JSONField(_("types"), default=list, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    with_phone_numbers = models.BooleanField(
        _("with phone numbers"), default=False, help_text=_("The receiver learns the phone numbers of people.")
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    #: Encrypted (see `events.signing`).
    sealed_secret = models.TextField(editable=False)
    #: The secret before the last change, which signs along until `former_secret_until`.
    sealed_former_secret = models.TextField(blank=True, default="", editable=False)
    former_secret_until = models.DateTimeField(null=True, editable=False)
    #: Events up to this position have been sent, or have a row that waits.
    position = models.BigIntegerField(default=0, editable=False)
    #: Since when every delivery failed; null: the last one succeeded.
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    #: Nothing is sent before.
    paused_until = models.DateTimeField(_("paused until"), null=True, editable=False)
    switched_off = models.CharField(
        _("switched off because"), max_length=7, choices=SwitchedOff, blank=True, default="", editable=False
    )
    #: A deliverer has an exclusive lease until then.
    claimed_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("-id",)
        # Superusers only: a receiver may learn the phone numbers of everybody.
        default_permissions = ()

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event on its way to one webhook; the row is written when the event is tried for the first time."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    class Failure(models.TextChoices):
        """Why there was no answer; an answer that is no success has its status."""

        TIMEOUT = "timeout", _("no answer in time")
        REFUSED = "refused", _("not reachable")
        FORBIDDEN = "forbidden", _("the name leads to a private address")
        NOT_HTTP = "not_http", _("the answer is not HTTP")
        TOO_LARGE = "too_large", _("the event is larger than 64 KiB")
        UNREADABLE = "unreadable", _("its secret was encrypted with another SECRET_KEY")

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries", verbose_name=_("event"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(_("first tried"), default=timezone.now)
    #: `at`, `status` (null without an answer), `failure` ("" with one) and `seconds` of each attempt, oldest first.
    attempts: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        _("attempts"), default=list
    )
    #: The beginning of the last answer.
    answer = models.TextField(_("answer"), blank=True, default="")
    #: Null: not again.
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries of events")
        ordering = ("-id",)
        default_permissions = ()
        indexes = (
            models.Index(fields=("webhook", "id"), name="webhook_delivery_by_webhook"),
            models.Index(
                fields=("webhook", "next_attempt_at"),
                name="webhook_delivery_due",
                condition=models.Q(next_attempt_at__isnull=False),
            ),
        )
        constraints = (models.UniqueConstraint(fields=("webhook", "event"), name="webhook_delivery_of_event"),)

    def __str__(self) -> str:
        return f"{self.event_id} → {self.webhook_id}"
