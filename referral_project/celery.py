"""The Celery application: `celery -A referral_project worker`."""

import logging
import os
from typing import Any

from celery import Celery, signals

from common.observability import request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_project.settings")

logger = logging.getLogger(__name__)
app = Celery("referral_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Packages with a module `tasks`.
app.autodiscover_tasks(["users.events", "users.sms", "users.upkeep"])

signals.before_task_publish.connect(request_id.send_along)
signals.task_prerun.connect(request_id.begin_task)
signals.task_postrun.connect(request_id.end_task)


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def refuse_another_secret_key(**_kwargs: Any) -> None:
    """Don't start a worker that could read no message; Docker starts it again, until its settings are mended."""
    from users.upkeep import secret_key

    if not secret_key.is_accepted():
        logger.critical("This SECRET_KEY is not that of the service: see docs/operations.md")
        raise SystemExit(1)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def log_as_everything_else(**_kwargs: Any) -> None:
    """Configure logging by the setting LOGGING; a receiver of this signal turns off Celery's own configuration."""
    from django.conf import settings
    from django.utils.log import configure_logging

    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
