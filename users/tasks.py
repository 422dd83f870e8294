"""Work that a request does not wait for."""

import random
from datetime import datetime
from typing import Any

from celery import Task, shared_task
from django.utils import timezone

from users import sms

_FIRST_RETRY_SECONDS = 2
_LONGEST_WAIT_SECONDS = 60


class ConfidentialTask(Task):  # type: ignore[misc]
    """A task whose arguments no monitor shows, at a retry neither."""

    def apply_async(self, *args: Any, **options: Any) -> Any:
        return super().apply_async(*args, **{**options, "kwargsrepr": "(hidden)"})


@shared_task(base=ConfidentialTask, bind=True, max_retries=None)  # type: ignore[untyped-decorator]
def send_message(self: ConfidentialTask, *, phone_number: str, text: str, expires_at: str) -> None:
    """Send a message, again and again while the gateway fails, but never after `expires_at` (ISO 8601, UTC)."""
    if timezone.now() >= datetime.fromisoformat(expires_at):
        return
    try:
        sms.send(phone_number=phone_number, text=text)
    except sms.DeliveryFailed as failure:
        if self.request.is_eager:
            raise  # whoever asked is waiting for the answer
        backoff = min(_LONGEST_WAIT_SECONDS, _FIRST_RETRY_SECONDS * 2**self.request.retries)
        raise self.retry(exc=failure, countdown=backoff * random.uniform(0.5, 1)) from None
