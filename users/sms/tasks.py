"""Work that a request does not wait for."""

import logging
import random
from contextlib import suppress
from datetime import timedelta
from typing import Any

import kombu.exceptions
import redis
from celery import Task, shared_task
from celery.exceptions import Reject, Retry
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from common import redis_client
from users.models import Delivery
from users.sms import channels, outbox

logger = logging.getLogger(__name__)

_LONGEST_WAIT = 10  # times the first
#: In Redis while a `dispatch` is on its way that has looked for nothing yet.
_AWAKE, _AWAKE_MILLISECONDS = "users.tasks.dispatch", 1_000


class BrokerGone(Exception):
    """Nobody can be told of a message."""


class RepeatedTask(Task):  # type: ignore[misc]
    """A task that may have to be done again later."""

    def again(self, *, seconds: float, **changed: Any) -> Retry:
        """Queue this task once more, in so many seconds; if the broker is gone, this one goes back to it instead."""
        try:
            return self.retry(kwargs={**self.request.kwargs, **changed}, countdown=seconds, throw=False)
        except Reject as lost:
            raise Reject(lost.reason, requeue=True) from None


def deliver(*, delivery_id: int) -> None:
    """Have a message sent whose row is committed: here and now without a broker, soon by a worker with one.

    Raises `BrokerGone` or `sms.DeliveryFailed`.
    """
    if settings.CELERY_TASK_ALWAYS_EAGER:
        send_message.delay(delivery_id=delivery_id)
    else:
        _wake_workers()


def _wake_workers() -> None:
    """Have the workers look for messages, unless they are about to.

    They clear the flag before they look: a row that was committed before it was found set is still to be seen. A flag
    whose task is lost is gone within a second, and the scheduler has them look every few seconds anyway.
    """
    client = redis_client.connect()
    try:
        if client.set(_AWAKE, 1, nx=True, px=_AWAKE_MILLISECONDS):
            dispatch.delay()
    except redis.RedisError as gone:
        raise BrokerGone from gone
    except kombu.exceptions.OperationalError as gone:
        with suppress(redis.RedisError):
            client.delete(_AWAKE)
        raise BrokerGone from gone


# Acknowledged at once: what one that dies leaves undone is found by the next.
@shared_task(name="users.tasks.dispatch", acks_late=False)  # type: ignore[untyped-decorator]
def dispatch() -> None:
    """Hand out messages that nobody was told of yet; if there are many, the rest once these are under way."""
    redis_client.connect().delete(_AWAKE)
    waiting = outbox.hand_out()
    for delivery in waiting:
        send_message.apply_async(
            kwargs={"delivery_id": delivery.pk}, headers={"request_id": delivery.request_id or None}
        )
    if len(waiting) == outbox.HANDED_OUT_AT_ONCE:
        _wake_workers()


@shared_task(name="users.tasks.dispatch_lost", acks_late=False)  # type: ignore[untyped-decorator]
def dispatch_lost() -> None:
    """Hand out again, too, what was lost on its way: kombu takes a task from Redis and notes it in two steps.

    Expires soon after the scheduler asks for it, so it is done only while tasks do not have to wait for long: one that
    waits is not lost.
    """
    outbox.take_back_lost()
    dispatch()


@shared_task(name="users.tasks.send_message", base=RepeatedTask, bind=True, max_retries=None)  # type: ignore[untyped-decorator]
def send_message(self: RepeatedTask, *, delivery_id: int, number: int = 0, taken_by: str = "") -> None:
    """Send a code's message, again and again while every gateway fails, but never after its life or once replaced."""
    try:
        unsent = outbox.attempt(delivery_id=delivery_id, number=number, taken_by=taken_by)
    except outbox.Claimed:
        raise self.again(seconds=_backoff(self.request.retries)) from None
    except (OperationalError, InterfaceError) as gone:  # when the row is back, it knows what is due
        if self.request.is_eager:
            raise
        sent = {"taken_by": gone.channel} if isinstance(gone, outbox.Unrecorded) else {}
        raise self.again(seconds=_backoff(self.request.retries), **sent) from None
    if unsent is None:
        return
    wait = _backoff(number)
    if self.request.is_eager or timezone.now() + timedelta(seconds=wait) >= unsent.expires_at:
        outbox.close(unsent, Delivery.State.FAILED)
        raise channels.DeliveryFailed(Delivery.Failure(unsent.last_failure))
    # In this order: a worker that dies in between leaves two retries, of which one goes on, rather than none.
    retry = self.again(seconds=wait, number=number + 1)
    outbox.release(unsent)
    raise retry


def _backoff(number: int) -> float:
    """Draw a wait (seconds) of up to one that doubles with every attempt: what failed at once spreads out."""
    first = float(settings.SMS_RETRY_SECONDS)
    return random.uniform(0, first * min(_LONGEST_WAIT, 2**number))
