"""Celery tasks that send events to webhooks, in a queue of their own: a slow receiver delays no code."""

from celery import shared_task

from common import redis_client
from common.versioned_tasks import VersionedTask
from users.events import delivering

#: The name of the queue in CELERY_TASK_ROUTES; a list in Redis.
QUEUE = "webhooks"
_MOST_WAITING = 100
#: A task that found no worker in time is queued again by `dispatch_webhooks`.
_EXPIRES_SECONDS = 10


# Acknowledged early: if a worker dies, the next run finds the same rows.
@shared_task(name="users.tasks.dispatch_webhooks", base=VersionedTask, acks_late=False)  # type: ignore[untyped-decorator]
def dispatch_webhooks() -> None:
    """Queue a task for each webhook that has something to send, unless many wait: no worker takes them."""
    if redis_client.connect().llen(QUEUE) >= _MOST_WAITING:
        return
    for webhook_id in delivering.due():
        deliver_to_webhook.apply_async(kwargs={"webhook_id": webhook_id}, expires=_EXPIRES_SECONDS)


@shared_task(name="users.tasks.deliver_to_webhook", base=VersionedTask, acks_late=False)  # type: ignore[untyped-decorator]
def deliver_to_webhook(*, webhook_id: int) -> None:
    """Send what is due to a webhook, and queue the rest."""
    if delivering.deliver(webhook_id):
        deliver_to_webhook.apply_async(kwargs={"webhook_id": webhook_id}, expires=_EXPIRES_SECONDS)
