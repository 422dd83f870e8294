"""Events for programs of the host: what happened, in the order in which they are read."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.database.uuids import uuid7
from users.models.fields import PhoneNumberField
from users.models.people import User


class EventType(models.TextChoices):
    """What happened. The values are part of the API."""

    PERSON_REGISTERED = "person.registered", _("a person registered")
    PERSON_RENAMED = "person.renamed", _("a person has another name")
    PERSON_PHONE_NUMBER_CHANGED = "person.phone_number_changed", _("a person has another phone number")
    PERSON_DISABLED = "person.disabled", _("a person was disabled")
    PERSON_ENABLED = "person.enabled", _("a person was enabled again")
    PERSON_ERASED = "person.erased", _("a person was erased")
    PERSON_SIGNED_IN = "person.signed_in", _("a person signed in")
    REFERRAL_ACTIVATED = "referral.activated", _("an invite code was activated")
    NUMBER_LOCKED = "number.locked", _("a phone number was locked after wrong codes")
    CHANNEL_FAILING = "channel.failing", _("a gateway fails")
    SENDING_PAUSED = "sending.paused", _("the sending of codes has paused")


class Event(models.Model):
    """One thing that happened, written in its transaction. An erasure empties what identifies the person.

    The references have no constraint, so that writing an event locks no other row, and ids stay after an erasure.
    """

    #: The `id` of the API and the `webhook-id`.
    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    #: An `EventType`; without `choices`, so that a new type needs no migration.
    type = models.CharField(_("type"), max_length=40)
    at = models.DateTimeField(_("time"), default=timezone.now)
    #: The place in the order of the feed, given after the commit (see `events.order`); null: not yet.
    position = models.BigIntegerField(null=True)
    #: What does not identify a person, beyond ids.
    data: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    #: What does, apart from the number.
    personal: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    phone_number = PhoneNumberField(blank=True, default="")
    person = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    inviter = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    #: Of events with the same text only the first is stored; null: every one is.
    once = models.CharField(max_length=80, null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        default_permissions = ()
        indexes = (
            models.Index(fields=("id",), name="event_without_position", condition=models.Q(position__isnull=True)),
            models.Index(fields=("at",), name="event_by_time"),
            models.Index(fields=("person",), name="event_by_person", condition=models.Q(person__isnull=False)),
            models.Index(fields=("phone_number",), name="event_by_number"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("position",), name="event_position", condition=models.Q(position__isnull=False)
            ),
            models.UniqueConstraint(fields=("once",), name="event_once", condition=models.Q(once__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.type}, {self.at:%Y-%m-%d %H:%M}"


class EventCounter(models.Model):
    """The last position that was given; its row is the lock of those who give them."""

    last_position = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.last_position)
