"""Celery tasks that send messages."""

import logging
import random
from contextlib import suppress
from datetime import timedelta
from typing import Any

import kombu.exceptions
import redis
from celery import shared_task
from celery.exceptions import Reject, Retry
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from common import redis_client
from common.versioned_tasks import Arguments, VersionedTask
from users.models import Delivery
from users.sms import channels, heartbeat, outbox, without_broker

logger = logging.getLogger(__name__)

_LONGEST_WAIT = 10  # times SMS_RETRY_SECONDS
#: A flag in Redis: a `dispatch` is queued that has not started yet.
_AWAKE, _AWAKE_MILLISECONDS = "users.tasks.dispatch", 1_000


def _with_its_text_in_the_row(arguments: Arguments) -> Arguments:
    """Accept a message of the releases that kept the text in the broker."""
    if text := arguments.pop("text", ""):
        outbox.keep_text(delivery_id=arguments["delivery_id"], text=text)
    return arguments


class SendingTask(VersionedTask):
    """A task that can be retried later."""

    upgrades = {0: _with_its_text_in_the_row}

    def again(self, *, seconds: float, **changed: Any) -> Retry:
        """Queue this task again after some seconds; if the broker is down, have it redeliver this one instead."""
        try:
            return self.retry(kwargs={**self.request.kwargs, **changed}, countdown=seconds, throw=False)
        except Reject as lost:
            raise Reject(lost.reason, requeue=True) from None


def deliver(*, delivery_id: int) -> None:
    """Send a message whose row is committed: by a worker, or by this process if no worker can be told of it.

    Raises `channels.DeliveryFailed` if this call sent it and every gateway failed.
    """
    if not _wake_workers():
        without_broker.send(delivery_id=delivery_id)


def _wake_workers() -> bool:
    """Queue a `dispatch`, unless one is queued already. False if there is no broker.

    `dispatch` clears the flag before its query, so it sees every row committed before the flag was found set. If its
    task is lost, the flag expires within a second, and the scheduler queues another one every few seconds anyway.
    """
    if settings.CELERY_TASK_ALWAYS_EAGER or redis_client.is_paused():
        return False
    client = redis_client.connect()
    try:
        if client.set(_AWAKE, 1, nx=True, px=_AWAKE_MILLISECONDS):
            dispatch.delay()
    except redis.RedisError as down:
        redis_client.pause(down)
        return False
    except kombu.exceptions.OperationalError:
        with suppress(redis.RedisError):
            client.delete(_AWAKE)
        return False
    return True


# Acknowledged early: if it dies, the next one finds the same rows.
@shared_task(name="users.tasks.dispatch", base=VersionedTask, acks_late=False)  # type: ignore[untyped-decorator]
def dispatch() -> None:
    """Queue a task for each waiting message; a full batch is followed by another `dispatch`."""
    redis_client.connect().delete(_AWAKE)
    queued = outbox.mark_queued()
    for message in queued:
        send_message.apply_async(kwargs={"delivery_id": message.pk}, headers={"request_id": message.request_id or None})
    if len(queued) == outbox.BATCH_SIZE:
        _wake_workers()


@shared_task(name="users.tasks.dispatch_lost", base=VersionedTask, acks_late=False)  # type: ignore[untyped-decorator]
def dispatch_lost() -> None:
    """Also queue lost tasks again: kombu removes a task from Redis and records it as unacknowledged in two steps.

    It expires soon after the scheduler queues it, so it runs only while the queue is short: a task that still waits
    in a long queue is not lost.
    """
    heartbeat.beat()
    outbox.requeue_lost()
    dispatch()


@shared_task(name="users.tasks.send_message", base=SendingTask, bind=True, max_retries=None)  # type: ignore[untyped-decorator]
def send_message(self: SendingTask, *, delivery_id: int, number: int = 0, taken_by: str = "") -> None:
    """Send a message; while every gateway fails, retry until its code is replaced or expires."""
    try:
        unsent = outbox.attempt(delivery_id=delivery_id, number=number, taken_by=taken_by)
    except (outbox.Claimed, outbox.Unreadable):
        raise self.again(seconds=_backoff(self.request.retries)) from None
    except (OperationalError, InterfaceError) as down:  # the row says what is due once the database is back
        sent = {"taken_by": down.channel} if isinstance(down, outbox.Unrecorded) else {}
        raise self.again(seconds=_backoff(self.request.retries), **sent) from None
    if unsent is None:
        return
    wait = _backoff(number)
    if timezone.now() + timedelta(seconds=wait) >= unsent.expires_at:
        outbox.close(unsent, Delivery.State.FAILED)
        raise channels.DeliveryFailed(Delivery.Failure(unsent.last_failure))
    # In this order: if the worker dies in between, two retries exist, of which one goes on, instead of none.
    retry = self.again(seconds=wait, number=number + 1)
    outbox.release(unsent)
    raise retry


def _backoff(number: int) -> float:
    """Return a random delay (seconds) below a maximum that doubles with every attempt, to spread retries."""
    first = float(settings.SMS_RETRY_SECONDS)
    return random.uniform(0, first * min(_LONGEST_WAIT, 2**number))
