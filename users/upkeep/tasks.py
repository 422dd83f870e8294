"""Celery tasks of the scheduler: purge and statistics."""

import logging

from celery import shared_task

from common.versioned_tasks import VersionedTask
from users.events import signing
from users.people import search
from users.statistics import totals
from users.upkeep import purging

logger = logging.getLogger(__name__)


# acks_late=False: if the broker delivered a long purge twice, the second would only scan the same rows.
@shared_task(name="users.tasks.purge", base=VersionedTask, acks_late=False)  # type: ignore[untyped-decorator]
def purge() -> None:
    """Delete expired rows, as `manage.py purge` does, and rewrite what an older release or SECRET_KEY wrote."""
    search.fill_search_names()
    signing.seal_again()
    for kind in purging.EVERYTHING:
        if deleted := sum(kind.purge()):
            logger.info("purged %s: %d", kind.name, deleted)


@shared_task(name="users.tasks.roll_up_statistics", base=VersionedTask, acks_late=False)  # type: ignore[untyped-decorator]
def roll_up_statistics() -> None:
    """Add new events to the totals of the statistics, as `manage.py roll_up_statistics` does."""
    totals.roll_up()
