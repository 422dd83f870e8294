"""Sending in a web process while no worker can be told: a slow gateway must leave threads for other requests."""

import logging
import threading
from functools import lru_cache
from queue import SimpleQueue

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

from common.observability import request_id
from users.models import Delivery
from users.sms import channels, outbox

logger = logging.getLogger(__name__)


def send(*, delivery_id: int) -> None:
    """Send a message in this call, or leave it to a thread of this process if enough calls send already.

    Raises `channels.DeliveryFailed` if this call sent it and every gateway failed. What a thread could not send, and
    what this process leaves when it ends, stays due for the workers.
    """
    if settings.CELERY_TASK_ALWAYS_EAGER:
        _send_now(delivery_id)  # no worker would ever find what is left
        return
    senders = _senders()
    if not senders.calls.acquire(blocking=False):
        senders.leave(delivery_id)
        return
    try:
        _send_now(delivery_id)
    finally:
        senders.calls.release()


def _send_now(delivery_id: int) -> None:
    unsent = _attempt(delivery_id)
    if unsent:
        outbox.keep_as_failed(unsent)
        raise channels.DeliveryFailed(Delivery.Failure(unsent.last_failure))


def _attempt(delivery_id: int) -> Delivery | None:
    """Return the message if every gateway failed."""
    try:
        return outbox.attempt(delivery_id=delivery_id, number=0)
    except (outbox.Claimed, outbox.Unrecorded):
        # A worker may have found the row by now, and will find it if this process is killed. A message that was sent
        # while the database went away stays due: it may be sent twice.
        return None


class _Senders:
    """The calls that may send at a time, and as many threads for the messages that other calls left."""

    def __init__(self, count: int) -> None:
        self.calls = threading.BoundedSemaphore(count)
        self._left: SimpleQueue[tuple[int, str | None]] = SimpleQueue()
        for _ in range(count):
            # A daemon: the end of the process doesn't wait for a gateway. The rows stay due.
            threading.Thread(target=self._send_what_is_left, daemon=True, name="without_broker").start()

    def leave(self, delivery_id: int) -> None:
        self._left.put((delivery_id, request_id.current()))

    def _send_what_is_left(self) -> None:
        while True:
            delivery_id, asked_by = self._left.get()
            request_id.begin(asked_by)
            try:
                if unsent := _attempt(delivery_id):
                    outbox.leave_to_workers(unsent)
            except (OperationalError, InterfaceError) as down:
                logger.warning("A message stays due: the database is out of reach (%s)", type(down).__name__)
            except Exception:
                logger.exception("A message stays due")
            finally:
                connections.close_all()  # not one more for each thread for as long as the process lives
                request_id.end()


def _senders() -> _Senders:
    """Start the threads of this process once: after Gunicorn's fork, at the first message."""
    with _starting:
        return _started(settings.SMS_THREADS_WITHOUT_BROKER)


_starting = threading.Lock()
_started = lru_cache(maxsize=1)(_Senders)
