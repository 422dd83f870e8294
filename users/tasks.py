"""Work that a request does not wait for."""

import logging
import random
from datetime import timedelta
from typing import Any

from celery import Task, shared_task
from celery.exceptions import Reject, Retry
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from users import deliveries, purging, running_totals, sms
from users.models import Delivery

logger = logging.getLogger(__name__)

_COPY_SECONDS = 5
_LONGEST_WAIT = 10  # times the first


class ConfidentialTask(Task):  # type: ignore[misc]
    """A task whose arguments no monitor shows, at a retry neither."""

    def apply_async(self, *args: Any, **options: Any) -> Any:
        return super().apply_async(*args, **{**options, "kwargsrepr": "(hidden)"})

    def again(self, *, seconds: float, **changed: Any) -> Retry:
        """Queue this task once more, in so many seconds; if the broker is gone, this one goes back to it instead."""
        try:
            return self.retry(kwargs={**self.request.kwargs, **changed}, countdown=seconds, throw=False)
        except Reject as lost:
            raise Reject(lost.reason, requeue=True) from None


@sensitive_variables("text")
def queue_message(*, delivery_id: int, text: str) -> None:
    """Have a code's message sent. Raises `kombu.exceptions.OperationalError` when the broker is gone.

    Kombu takes a message from Redis and notes that it has it in two steps: a worker or a Redis killed in between loses
    it. Of two copies one is always left; whoever comes second finds the row claimed or closed.
    """
    message = {"delivery_id": delivery_id, "text": text}
    send_message.delay(**message)
    if not settings.CELERY_TASK_ALWAYS_EAGER:
        send_message.apply_async(kwargs=message, countdown=_COPY_SECONDS)


@shared_task(base=ConfidentialTask, bind=True, max_retries=None)  # type: ignore[untyped-decorator]
@sensitive_variables("text")
def send_message(self: ConfidentialTask, *, delivery_id: int, text: str, number: int = 0, taken_by: str = "") -> None:
    """Send a code's message, again and again while every gateway fails, but never after its life or once replaced.

    The text is in the broker and nowhere else, since the code is stored only as a digest; the rest is in the row.
    """
    try:
        unsent = deliveries.attempt(delivery_id=delivery_id, number=number, text=text, taken_by=taken_by)
    except deliveries.Claimed:
        raise self.again(seconds=_backoff(self.request.retries)) from None
    except (OperationalError, InterfaceError) as gone:  # when the row is back, it knows what is due
        if self.request.is_eager:
            raise
        sent = {"taken_by": gone.channel} if isinstance(gone, deliveries.Unrecorded) else {}
        raise self.again(seconds=_backoff(self.request.retries), **sent) from None
    if unsent is None:
        return
    wait = _backoff(number)
    if self.request.is_eager or timezone.now() + timedelta(seconds=wait) >= unsent.expires_at:
        deliveries.close(unsent, Delivery.State.FAILED)
        raise sms.DeliveryFailed(Delivery.Failure(unsent.last_failure))
    # In this order: a worker that dies in between leaves two retries, of which one goes on, rather than none.
    retry = self.again(seconds=wait, number=number + 1)
    deliveries.release(unsent)
    raise retry


# Acknowledged at once: handed out again while it is still at work, it would only look for the same rows twice.
@shared_task(acks_late=False)  # type: ignore[untyped-decorator]
def purge() -> None:
    """Delete what has expired, as `manage.py purge` does."""
    for kind in purging.EVERYTHING:
        if deleted := sum(kind.purge()):
            logger.info("purged %s: %d", kind.name, deleted)


@shared_task(acks_late=False)  # type: ignore[untyped-decorator]
def roll_up_statistics() -> None:
    """Add what has happened to the totals of the statistics, as `manage.py roll_up_statistics` does."""
    running_totals.roll_up()


def _backoff(number: int) -> float:
    """Draw a wait (seconds) of up to one that doubles with every attempt: what failed at once spreads out."""
    first = float(settings.SMS_RETRY_SECONDS)
    return random.uniform(0, first * min(_LONGEST_WAIT, 2**number))
