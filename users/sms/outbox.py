"""What becomes of each message: a row is opened with its code and its text, handed out to a worker, and closed once.

The text lies in the row, sealed by a key made of SECRET_KEY, until the row is closed.

A task may be carried out twice: a broker hands it out again when a worker dies, or holds it for long. The row decides:
whoever has claimed it sends, nobody sends after it was closed, and of two retries of one attempt only one goes on.
What remains is the moment between a gateway's yes and the closing of the row: when a worker is killed there, or a
gateway takes a message without saying so in time, it is sent once more. Better a code that comes twice than none.
"""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.fernet import Fernet
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from common import digests
from common.database import sql
from common.observability import request_id
from users.models import ConfirmationCode, Delivery
from users.models.sms import DeliveryQuerySet
from users.sms import channels

State, Failure = Delivery.State, Delivery.Failure
HANDED_OUT_AT_ONCE = 100
#: What is kept of a message that nobody will send any more.
NOTHING_TO_SEND = {"sealed_text": "", "request_id": ""}
_MARGIN_SECONDS = 2
_LOST_AFTER_SECONDS = 5


class Claimed(Exception):
    """Another worker has this message to itself for now."""


class Unrecorded(OperationalError):
    """`channel` took the message, and then the database was gone."""

    def __init__(self, channel: str) -> None:
        super().__init__(channel)
        self.channel = channel


@sensitive_variables("text")
def open_for(code: ConfirmationCode, text: str) -> Delivery:
    """Note that a code is to be sent, and with which text."""
    delivery = Delivery(
        phone_number=code.phone_number,
        verification_token=code.verification_token,
        created_at=code.issued_at,
        expires_at=code.expires_at,
        sealed_text=_seal().encrypt(text.encode()).decode(),
        request_id=request_id.current() or "",
    )
    sql.insert(delivery)
    return delivery


@transaction.atomic
def hand_out() -> list[Delivery]:
    """Note that workers are told of what nobody was told of yet, and return it, oldest first; a hundred at most.

    However many ask at once, each message is handed out to one.
    """
    now = timezone.now()
    due = Delivery.objects.filter(state=State.WAITING, queued_at=None, expires_at__gt=now).order_by("created_at")
    found = list(due.select_for_update(skip_locked=True).only("request_id")[:HANDED_OUT_AT_ONCE])
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in found]).update(queued_at=now)
    return found


def take_back_lost() -> None:
    """Let be handed out again what was handed out a while ago, and is in nobody's hands."""
    now = timezone.now()
    lost = Delivery.objects.filter(
        state=State.WAITING, queued_at__lt=now - timedelta(seconds=_LOST_AFTER_SECONDS), attempts=0
    )
    lost.filter(_free_at(now)).update(queued_at=None)


def forget_what_came_too_late() -> None:
    """Empty the texts that nobody sent within the life of their codes."""
    late = Delivery.objects.filter(state=State.WAITING, expires_at__lt=timezone.now())
    late.exclude(sealed_text="").update(**NOTHING_TO_SEND)


def attempt(*, delivery_id: int, number: int, taken_by: str = "") -> Delivery | None:
    """Try each channel in order, as the attempt of this `number` (from 0), as long as the message is wanted.

    Returns what is still to be delivered, for every channel failed; None if nothing is left to do. Raises `Claimed`; or
    `Unrecorded`, whose channel is to be handed in as `taken_by` until it can be written down.
    """
    if taken_by:
        _still_open(delivery_id).update(
            state=State.DELIVERED, channel=taken_by, finished_at=timezone.now(), **NOTHING_TO_SEND
        )
    delivery = _claim(delivery_id, number)
    if delivery is None:
        return None
    delivery.attempts = number + 1
    for channel in channels.channels():
        if reason := _why_unwanted(delivery):
            close(delivery, reason)
            return None
        try:
            channels.send(channel=channel, phone_number=delivery.phone_number, text=_text_of(delivery))
        except channels.DeliveryFailed as failed:
            _note(delivery, channel, failed.failure)
        else:
            _close_as_taken(delivery, channel)
            return None
    delivery.last_failure = delivery.last_failure or Failure.MISCONFIGURED  # SMS_URL is empty
    delivery.save(update_fields=["failed_channels", "last_failure"])
    return delivery


def close(delivery: Delivery, state: Delivery.State, failure: Delivery.Failure | None = None) -> None:
    """Write down how it ended, unless it has ended already."""
    _still_open(delivery.pk).update(
        state=state,
        channel=delivery.channel,
        failed_channels=delivery.failed_channels,
        last_failure=failure or delivery.last_failure,
        attempts=delivery.attempts,
        finished_at=timezone.now(),
        **NOTHING_TO_SEND,
    )


def release(delivery: Delivery) -> None:
    """Hand it over to the next attempt; whoever repeats this one or an earlier one, finds it done."""
    _still_open(delivery.pk).update(attempts=delivery.attempts, claimed_until=None)


def _claim(delivery_id: int, number: int) -> Delivery | None:
    now = timezone.now()
    lease = timedelta(seconds=channels.longest_attempt_seconds() + _MARGIN_SECONDS)
    due = _still_open(delivery_id).filter(attempts__lte=number)
    # One statement: of any number of workers with the same message, one finds it free.
    if due.filter(_free_at(now)).update(claimed_until=now + lease):
        return due.first()
    if due.exists():
        raise Claimed
    return None


def _close_as_taken(delivery: Delivery, channel: channels.Channel) -> None:
    delivery.channel = channel.name
    try:
        close(delivery, State.DELIVERED)
    except (OperationalError, InterfaceError):
        raise Unrecorded(channel.name) from None


def _why_unwanted(delivery: Delivery) -> Delivery.State | None:
    if not ConfirmationCode.objects.filter(verification_token=delivery.verification_token, used_at=None).exists():
        return State.REPLACED
    if timezone.now() < delivery.expires_at:
        return None
    delivery.last_failure = delivery.last_failure or Failure.TOO_LATE
    return State.FAILED


def _note(delivery: Delivery, channel: channels.Channel, failure: Delivery.Failure) -> None:
    failed = delivery.failed_channels.split()
    delivery.failed_channels = " ".join([*failed, *({channel.name} - {*failed})])
    delivery.last_failure = failure


def _free_at(now: datetime) -> Q:
    return Q(claimed_until=None) | Q(claimed_until__lte=now)


def _text_of(delivery: Delivery) -> str:
    return _seal().decrypt(delivery.sealed_text).decode()


def _seal() -> Fernet:
    return _seal_of(digests.key("users.deliveries"))


@lru_cache(maxsize=1)
def _seal_of(key: bytes) -> Fernet:
    return Fernet(urlsafe_b64encode(key))


def _still_open(delivery_id: int) -> DeliveryQuerySet:
    return Delivery.objects.filter(pk=delivery_id, state=State.WAITING)
