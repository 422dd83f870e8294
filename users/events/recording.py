"""Writes events. Each function is called once, in the transaction of what happened: both are stored or neither."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from common.database import sql
from users.models import Event, EventType, Referral, User, WebhookDelivery
from users.phones import PhoneNumber

_COLUMNS = "public_id, type, at, data, personal, phone_number, person_id, inviter_id, once"
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"


def people_registered(*users: User) -> None:
    """Record that people were added: by a first sign-in, by a service, by staff or by an import."""
    _insert(
        *(
            _about(
                user,
                EventType.PERSON_REGISTERED,
                {"registered_at": _iso(user.registered_at)},
                {**{name: getattr(user, name) for name in User.OWN_FIELDS}, "referral_code": user.referral_code},
            )
            for user in users
        )
    )


def person_changed(user: User, *, former: Mapping[str, Any]) -> None:
    """Record what a change means; `former` has the values before, of fields that differ (`update_user`)."""
    events = []
    if "username" in former:
        events.append(_about(user, EventType.PERSON_RENAMED, personal={"username": user.username}))
    if "phone_number" in former:
        personal = {"former_phone_number": str(former["phone_number"])}
        events.append(_about(user, EventType.PERSON_PHONE_NUMBER_CHANGED, personal=personal))
    if "is_active" in former:
        events.append(_about(user, EventType.PERSON_ENABLED if user.is_active else EventType.PERSON_DISABLED))
    _insert(*events)


def person_signed_in(user: User) -> None:
    """Record a sign-in by a code, if EVENTS_SIGN_INS is set: most hosts need none of these many events."""
    if settings.EVENTS_SIGN_INS:
        _insert(_about(user, EventType.PERSON_SIGNED_IN))


def person_erased(user: User) -> None:
    """Remove from earlier events what identifies a person, and record the erasure, which names the id only.

    Call it before the row of the person is deleted.
    """
    theirs = Event.objects.filter(Q(person_id=user.pk) | Q(phone_number=user.phone_number))
    # Locked: an answer that is stored later is left out (`delivering`).
    ids = list(theirs.select_for_update(no_key=True).values_list("pk", flat=True))
    Event.objects.filter(pk__in=ids).update(phone_number="", personal={})
    # Receivers may have repeated what they were sent.
    WebhookDelivery.objects.filter(event__in=ids).exclude(answer="").update(answer="")
    _insert(Event(type=EventType.PERSON_ERASED, data=_ids(person=user)))


def referrals_activated(*referrals: Referral) -> None:
    """Record that invite codes were activated."""
    _insert(
        *(
            Event(
                type=EventType.REFERRAL_ACTIVATED,
                data={
                    **_ids(person=referral.invited, inviter=referral.inviter),
                    "activated_at": _iso(referral.activated_at),
                },
                phone_number=referral.invited.phone_number,
                person_id=referral.invited.pk,
                inviter_id=referral.inviter.pk,
            )
            for referral in referrals
            if referral.invited and referral.inviter
        )
    )


def number_locked(phone_number: str, *, until: datetime) -> None:
    """Record that wrong codes have locked a number, for addresses that it is not known from, until a time (UTC)."""
    user = User.objects.filter(phone_number=phone_number).only("public_id").first()
    _insert(
        Event(
            type=EventType.NUMBER_LOCKED,
            data={**(_ids(person=user) if user else {"person": None}), "until": _iso(until)},
            phone_number=PhoneNumber(phone_number),
            person_id=user.pk if user else None,
        )
    )


def channel_failing(channel: str, *, messages: int, failures: int) -> None:
    """Record that a gateway fails, once in an hour while it goes on."""
    data = {"channel": channel, "messages": messages, "failures": failures}
    _insert(Event(type=EventType.CHANNEL_FAILING, data=data, once=_once_an_hour(EventType.CHANNEL_FAILING, channel)))


def was_channel_failing(channel: str) -> bool:
    """Return True if `channel_failing` recorded this within the hour: it would record nothing."""
    return Event.objects.filter(once=_once_an_hour(EventType.CHANNEL_FAILING, channel)).exists()


def sending_paused(*, limit: str, country: str | None, until: datetime) -> None:
    """Record that a limit over everybody, or over a country, stops the sending until a time (UTC); once in an hour."""
    data = {"limit": limit, "country": country, "until": _iso(until)}
    once = _once_an_hour(EventType.SENDING_PAUSED, f"{limit} {country or ''}")
    _insert(Event(type=EventType.SENDING_PAUSED, data=data, once=once))


def _about(
    user: User, event_type: EventType, data: Mapping[str, Any] | None = None, personal: Mapping[str, Any] | None = None
) -> Event:
    return Event(
        type=event_type,
        data={**_ids(person=user), **(data or {})},
        personal=dict(personal or {}),
        phone_number=user.phone_number,
        person_id=user.pk,
    )


def _ids(**people: User) -> dict[str, Any]:
    return {name: {"id": str(person.public_id)} for name, person in people.items()}


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _once_an_hour(event_type: EventType, subject: str) -> str:
    return f"{event_type} {subject} {timezone.now():%Y-%m-%dT%H}"[: Event._meta.get_field("once").max_length]


def _insert(*events: Event) -> None:
    """Insert events in one statement, which takes a tenth of the time that the ORM needs."""
    if events:
        _insert_rows([_row(event) for event in events])


def _insert_rows(rows: Sequence[Sequence[object]]) -> None:
    statement = f"INSERT INTO users_event ({_COLUMNS}) VALUES {', '.join([_ROW] * len(rows))} ON CONFLICT DO NOTHING"  # noqa: S608  constants only
    sql.execute(statement, *(value for row in rows for value in row))


def _row(event: Event) -> Sequence[object]:
    return (
        event.public_id,
        str(event.type),
        event.at,
        json.dumps(event.data),
        json.dumps(event.personal),
        str(event.phone_number),
        event.person_id,
        event.inviter_id,
        event.once,
    )
