"""The feed: events in order, for programs that read them at their own pace."""

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

from django.utils.translation import gettext_lazy as _

from users.events import order
from users.events.payloads import READ_WITH
from users.models import Event, EventType
from users.refusals import Refusal


class EventsPurged(Refusal):
    code = "events_purged"
    status = HTTPStatus.GONE
    message = _("Events after this cursor are deleted already. Begin without a cursor, and compare all people once.")


@dataclass(frozen=True)
class Page:
    events: list[Event]
    #: The position to go on from.
    position: int
    has_more: bool


def read(*, after: int | None, types: Collection[EventType], limit: int) -> Page:
    """Return up to `limit` events behind a position, by default from the oldest that is kept; no types: of all.

    Raises `EventsPurged` if an event behind the position was deleted.
    """
    may_wait = order.give_positions()
    last = order.last_position()  # before the rows: none of them is skipped by a cursor that goes to the last one
    start = after or 0
    if after is not None:
        _check_nothing_is_missing(start, last)
    events = Event.objects.filter(position__gt=start).select_related(*READ_WITH).order_by("position")
    if types:
        events = events.filter(type__in=types)
    found = list(events[: limit + 1])
    is_full, found = len(found) > limit, found[:limit]
    newest = [event.position for event in found[-1:] if event.position]
    return Page(found, max([start, *newest] if is_full else [start, last, *newest]), is_full or may_wait)


def _check_nothing_is_missing(start: int, last: int) -> None:
    """Positions have no gaps: the one behind the start is there, unless the start is the end.

    A start behind the end is of before the restore of a backup.
    """
    if start > last or (start < last and not Event.objects.filter(position=start + 1).exists()):
        raise EventsPurged
