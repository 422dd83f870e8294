"""Celery: broker, delivery of tasks, periodic tasks."""

from datetime import timedelta

from celery.schedules import crontab

from common.schedules import Every
from referral_project.settings.databases import REDIS_URL
from referral_project.settings.environment import env

CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
# Without a broker a task runs inside the call.
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redis redelivers a task that is not acknowledged within this time. The task of a killed worker must come back while
# its code is still valid. A slow worker's task comes back too; users/sms/outbox.py sends a message only once.
BROKER_VISIBILITY_TIMEOUT_SECONDS = env.int("BROKER_VISIBILITY_TIMEOUT_SECONDS", default=60)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
    "visibility_timeout": BROKER_VISIBILITY_TIMEOUT_SECONDS,
    # Seconds between a worker's checks for such tasks; 100 by default.
    "unacked_restore_interval": BROKER_VISIBILITY_TIMEOUT_SECONDS / 10,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 30,
}
# If the broker is down, answer 503 soon instead of letting the request wait.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}

# A worker of their own: a receiver that is slow delays no code.
CELERY_TASK_ROUTES = {"users.tasks.deliver_to_webhook": {"queue": "webhooks"}}

# Each task expires before its next run is due, so that runs don't pile up while no worker is there.
CELERY_BEAT_SCHEDULE = {
    # Expires sooner than messages count as lost (users/sms/outbox.py): while the queue is long, waiting is not lost.
    "messages": {
        "task": "users.tasks.dispatch_lost",
        "schedule": Every(timedelta(seconds=5)),
        "options": {"expires": 2},
    },
    "webhooks": {
        "task": "users.tasks.dispatch_webhooks",
        "schedule": Every(timedelta(seconds=2)),
        "options": {"expires": 1},
    },
    "purge": {"task": "users.tasks.purge", "schedule": crontab(minute="17"), "options": {"expires": 1_800}},
    "statistics": {
        "task": "users.tasks.roll_up_statistics",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240},
    },
}
