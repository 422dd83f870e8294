"""What happened around one person, newest first: messages, sign-ins, sessions, locks, actions and notes of staff."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from users import audit
from users.models import AuditRecord, Delivery, JWTFamily, SignInAttempt, User
from users.people.sessions import token_sessions_of

#: The newest rows of each kind, and of all together.
MOST_EVENTS = 40


class Kind(StrEnum):
    REGISTERED = "registered"
    ACTIVATED = "activated"
    MESSAGE = "message"
    SIGNED_IN = "signed_in"
    WRONG_CODE = "wrong_code"
    TOKEN = "token"  # noqa: S105  a kind of event
    JWT = "jwt"
    STAFF = "staff"


@dataclass(frozen=True)
class Event:
    """`row` is the row behind the event, by its kind; of repeated wrong codes, `count` are shown as one."""

    at: datetime
    kind: Kind
    row: Any = field(repr=False)
    count: int = 1


def of(user: User) -> list[Event]:
    """Return the newest events of a person; an index serves each kind."""
    events = sorted(_events(user), key=lambda event: event.at, reverse=True)
    return _merged(events)[:MOST_EVENTS]


def notes_of(user: User) -> list[AuditRecord]:
    records = AuditRecord.objects.filter(person=user, action=audit.Action.NOTED).exclude(details={})
    return list(records.select_related("actor")[:MOST_EVENTS])


def _events(user: User) -> Iterator[Event]:
    yield Event(user.registered_at, Kind.REGISTERED, user)
    if hasattr(user, "invitation"):
        yield Event(user.invitation.activated_at, Kind.ACTIVATED, user.invitation)
    for message in Delivery.objects.filter(phone_number=user.phone_number)[:MOST_EVENTS]:
        yield Event(message.created_at, Kind.MESSAGE, message)
    for attempt in SignInAttempt.objects.filter(phone_number=user.phone_number)[:MOST_EVENTS]:
        yield Event(attempt.at, Kind.SIGNED_IN if attempt.succeeded else Kind.WRONG_CODE, attempt)
    for session in token_sessions_of(user).reverse()[:MOST_EVENTS]:
        yield Event(session.created, Kind.TOKEN, session)
    for family in JWTFamily.objects.filter(user=user).order_by("-renewed_at")[:MOST_EVENTS]:
        yield Event(family.ended_at or family.renewed_at, Kind.JWT, family)
    deeds = AuditRecord.objects.filter(person=user).exclude(action__in=AuditRecord.READING)
    for record in deeds.select_related("actor", "service")[:MOST_EVENTS]:
        yield Event(record.at, Kind.STAFF, record)


def _merged(events: list[Event]) -> list[Event]:
    """Show wrong codes that follow each other as one event, of the time of the newest."""
    merged: list[Event] = []
    for event in events:
        if merged and event.kind is merged[-1].kind is Kind.WRONG_CODE:
            newest = merged.pop()
            event = Event(newest.at, event.kind, newest.row, newest.count + 1)  # noqa: PLW2901
        merged.append(event)
    return merged
