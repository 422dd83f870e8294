"""The order of events: each gets its position after its commit, by one writer at a time.

Ids are drawn before the commit: a transaction that ends late would put its event behind the cursor of a reader, who
would skip it. A position is given under the lock of one row, to events that are committed, and is above all that were
given before. So what a reader has not seen yet has a higher position than everything that it has seen.
"""

from django.db import transaction

from common.database import sql
from users.models import Event, EventCounter

_AT_ONCE = 1_000
# The statement begins after the lock was taken, so it sees what the former holder of the lock wrote. Within a batch,
# the ids are the order: who reads what another transaction committed, draws a later id.
_NUMBER = """
    UPDATE users_event SET position = %s + numbered.nth
    FROM (
        SELECT id, row_number() OVER (ORDER BY id) AS nth
        FROM (SELECT id FROM users_event WHERE position IS NULL ORDER BY id LIMIT %s) AS waiting
    ) AS numbered
    WHERE users_event.id = numbered.id
"""


def give_positions() -> bool:
    """Give up to 1,000 committed events their positions, as readers and deliverers do first. True if more may wait."""
    if not Event.objects.filter(position=None).exists():
        return False
    EventCounter.objects.bulk_create([EventCounter(pk=1)], ignore_conflicts=True)
    with transaction.atomic():
        counter = EventCounter.objects.select_for_update().get(pk=1)
        given = sql.execute(_NUMBER, counter.last_position, _AT_ONCE)
        counter.last_position += given
        counter.save()
    return given == _AT_ONCE


def last_position() -> int:
    """Return the highest position that was given; 0 if there is none."""
    return EventCounter.objects.filter(pk=1).values_list("last_position", flat=True).first() or 0
