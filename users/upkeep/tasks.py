"""Upkeep that the scheduler runs: deleting expired rows, adding to the totals."""

import logging

from celery import shared_task

from users.statistics import totals
from users.upkeep import purging

logger = logging.getLogger(__name__)


# Acknowledged at once: handed out again while it is still at work, it would only look for the same rows twice.
@shared_task(name="users.tasks.purge", acks_late=False)  # type: ignore[untyped-decorator]
def purge() -> None:
    """Delete what has expired, as `manage.py purge` does."""
    for kind in purging.EVERYTHING:
        if deleted := sum(kind.purge()):
            logger.info("purged %s: %d", kind.name, deleted)


@shared_task(name="users.tasks.roll_up_statistics", acks_late=False)  # type: ignore[untyped-decorator]
def roll_up_statistics() -> None:
    """Add what has happened to the totals of the statistics, as `manage.py roll_up_statistics` does."""
    totals.roll_up()
