"""The life of a message: its row is created with the code, queued for a worker, claimed, and closed once.

The text is stored encrypted, with a key derived from SECRET_KEY, until the row is closed.

A task may run twice: a broker redelivers it when a worker dies or takes long. The row decides: the worker that claims
it sends, no worker sends after it is closed, and of two retries of one attempt only one goes on. Between a gateway's
acceptance and the closing of the row one gap remains: if the worker is killed there, or a gateway accepts a message
but answers too late, the message is sent twice. A duplicate is better than a lost code.
"""

import logging
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken, MultiFernet
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from common import sealing
from common.brand.facts import with_sender
from common.observability import request_id
from users.models import ConfirmationCode, Delivery
from users.models.sms import DeliveryQuerySet
from users.sms import channels, health

logger = logging.getLogger(__name__)

State, Failure = Delivery.State, Delivery.Failure
BATCH_SIZE = 100
#: The values of a message that will not be sent any more.
NOTHING_TO_SEND = {"sealed_text": "", "request_id": ""}
FAILED_KEPT_PER_HOUR = 200
_LEASE_MARGIN_SECONDS = 2
_LOST_AFTER_SECONDS = 5
_NOTICE_LIFETIME_SECONDS = 3_600


class Claimed(Exception):
    """Another worker has the lease of this message."""


class Unreadable(Exception):
    """The text was encrypted with a SECRET_KEY that this process does not have; another worker may have it."""


class Unrecorded(OperationalError):
    """`channel` accepted the message, but the database was down when it was to be recorded."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel)
        self.channel = channel


@sensitive_variables("text")
def message_for(code: ConfirmationCode, text: str) -> Delivery:
    """Return the message for a code, with this text. Save it with the code."""
    return Delivery(
        phone_number=code.number,
        verification_token=code.verification_token,
        created_at=code.issued_at,
        expires_at=code.expires_at,
        sealed_text=_cipher().encrypt(text.encode()).decode(),
        request_id=request_id.current() or "",
    )


@sensitive_variables("text")
def open_notice(*, phone_number: str, text: str) -> Delivery:
    """Create a message without a code, which is sent within an hour or not at all."""
    now = timezone.now()
    return Delivery.objects.create(
        phone_number=phone_number,
        created_at=now,
        expires_at=now + timedelta(seconds=_NOTICE_LIFETIME_SECONDS),
        sealed_text=_cipher().encrypt(with_sender(text).encode()).decode(),
        request_id=request_id.current() or "",
    )


@sensitive_variables("text")
def keep_text(*, delivery_id: int, text: str) -> None:
    """Store the text of a message that has none, encrypted."""
    _waiting(delivery_id).filter(sealed_text="").update(sealed_text=_cipher().encrypt(text.encode()).decode())


@transaction.atomic
def mark_queued() -> list[Delivery]:
    """Mark up to `BATCH_SIZE` new messages as queued and return them, oldest first.

    Under concurrency each message is returned to one caller.
    """
    now = timezone.now()
    due = Delivery.objects.filter(state=State.WAITING, queued_at=None, expires_at__gt=now).order_by("created_at")
    found = list(due.select_for_update(skip_locked=True).only("request_id")[:BATCH_SIZE])
    Delivery.objects.filter(pk__in=[message.pk for message in found]).update(queued_at=now)
    return found


def requeue_lost() -> None:
    """Requeue messages that were queued more than 5 s ago, or by a clock that is ahead, and never claimed."""
    now, seconds = timezone.now(), timedelta(seconds=_LOST_AFTER_SECONDS)
    is_lost = Q(queued_at__lt=now - seconds) | Q(queued_at__gt=now + seconds)
    unclaimed = Delivery.objects.filter(is_lost, state=State.WAITING, attempts=0)
    unclaimed.filter(_is_free(now)).update(queued_at=None)


def erase_expired_texts() -> None:
    """Erase the texts of waiting messages whose codes have expired."""
    late = Delivery.objects.filter(state=State.WAITING, expires_at__lt=timezone.now())
    late.exclude(sealed_text="").update(**NOTHING_TO_SEND)


def attempt(*, delivery_id: int, number: int, taken_by: str = "") -> Delivery | None:
    """Try the channels in order, while the message is still wanted; `number` counts the attempts from 0.

    Returns the message if every channel failed, and None if nothing is left to do. Raises `Claimed`, `Unreadable`, or
    `Unrecorded`: then pass its channel as `taken_by` to the next attempt, which records it.
    """
    if taken_by:
        _waiting(delivery_id).update(
            state=State.DELIVERED, channel=taken_by, finished_at=timezone.now(), **NOTHING_TO_SEND
        )
    message = _claim(delivery_id, number)
    if message is None:
        return None
    message.attempts = number + 1
    for channel in channels.channels():
        if state := _state_if_unwanted(message):
            close(message, state)
            return None
        try:
            channels.send(channel=channel, phone_number=message.phone_number, text=_text_of(message))
        except channels.DeliveryFailed as failed:
            _note_failure(message, channel, failed.failure)
        else:
            _close_as_delivered(message, channel)
            health.record_failing(message)
            return None
    message.last_failure = message.last_failure or Failure.MISCONFIGURED  # SMS_URL is empty
    message.save(update_fields=["failed_channels", "last_failure"])
    health.record_failing(message)
    return message


def close(message: Delivery, state: Delivery.State) -> None:
    """Record the final state, unless the message is closed already."""
    _waiting(message.pk).update(
        state=state,
        channel=message.channel,
        failed_channels=message.failed_channels,
        last_failure=message.last_failure,
        attempts=message.attempts,
        finished_at=timezone.now(),
        **NOTHING_TO_SEND,
    )


def keep_as_failed(message: Delivery) -> None:
    """Close a message that failed in its request; delete it if enough of the last hour show that the gateways fail.

    A failed request counts towards no limit, so that strangers could fill the table.
    """
    since = timezone.now() - timedelta(hours=1)
    failed = Delivery.objects.filter(state=State.FAILED, created_at__gt=since)[:FAILED_KEPT_PER_HOUR].count()
    if failed < FAILED_KEPT_PER_HOUR:
        close(message, State.FAILED)
    else:
        message.delete()


def release(message: Delivery) -> None:
    """End the lease and record the attempt: repeated tasks of this attempt, or of an earlier one, do nothing."""
    _waiting(message.pk).update(attempts=message.attempts, claimed_until=None)


def leave_to_workers(message: Delivery) -> None:
    """End the lease without counting the attempt, so that the first task of a worker takes the message."""
    _waiting(message.pk).update(claimed_until=None)


def _claim(delivery_id: int, number: int) -> Delivery | None:
    now = timezone.now()
    due = _waiting(delivery_id).filter(attempts__lte=number)
    # One statement: under concurrency exactly one worker gets the lease.
    if due.filter(_is_free(now)).update(claimed_until=now + _lease()):
        return due.first()
    if due.exists():
        raise Claimed
    return None


def _close_as_delivered(message: Delivery, channel: channels.Channel) -> None:
    message.channel = channel.name
    try:
        close(message, State.DELIVERED)
    except (OperationalError, InterfaceError):
        raise Unrecorded(channel.name) from None


def _state_if_unwanted(message: Delivery) -> Delivery.State | None:
    token = message.verification_token
    if token and not ConfirmationCode.objects.filter(verification_token=token, used_at=None).exists():
        return State.REPLACED
    if timezone.now() < message.expires_at:
        return None
    message.last_failure = message.last_failure or Failure.TOO_LATE
    return State.FAILED


def _note_failure(message: Delivery, channel: channels.Channel, failure: Delivery.Failure) -> None:
    failed = message.failed_channels.split()
    message.failed_channels = " ".join([*failed, *({channel.name} - {*failed})])
    message.last_failure = failure


def _is_free(now: datetime) -> Q:
    # A later end is none that this clock gave: it was set back.
    return Q(claimed_until=None) | Q(claimed_until__lte=now) | Q(claimed_until__gt=now + 2 * _lease())


def _lease() -> timedelta:
    return timedelta(seconds=channels.longest_attempt_seconds() + _LEASE_MARGIN_SECONDS)


def _text_of(message: Delivery) -> str:
    try:
        return _cipher().decrypt(message.sealed_text).decode()
    except InvalidToken:
        logger.error("A message was encrypted with another SECRET_KEY than that of this process")  # noqa: TRY400
        _waiting(message.pk).update(last_failure=Failure.UNREADABLE, claimed_until=None)
        raise Unreadable from None


def _cipher() -> MultiFernet:
    return sealing.cipher("users.deliveries")


def _waiting(delivery_id: int) -> DeliveryQuerySet:
    return Delivery.objects.filter(pk=delivery_id, state=State.WAITING)
