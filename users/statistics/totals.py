"""Running totals of events: counting takes the same time for a million events as for ten.

`RunningTotals` has one row for the end of each quarter of an hour with events: the totals up to then. The count of a
period is the difference of two rows. A row is written once its quarter can't change any more (`_settling_time`); newer
events are counted in their own tables, so totals are exact at any moment. Rows are kept when the events are purged.
Days begin on a quarter of an hour (UTC) in every time zone of this century, Nepal (+5:45) included.
"""

import operator
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, models
from django.db.models import Count, Min, Q
from django.db.models.functions import ExtractMinute, Floor, Now, TruncHour
from django.utils import timezone

from users.models import Delivery, Referral, RetiredReferralCode, RunningTotals, SignInAttempt, User

QUARTER = timedelta(minutes=15)
_AT_ONCE = timedelta(days=7)
_Span = tuple[datetime, datetime]


class Counts(NamedTuple):
    """Numbers of events."""

    registrations: int = 0
    sign_ins: int = 0
    activations: int = 0
    codes_sent: int = 0
    codes_delivered: int = 0
    codes_failed: int = 0

    def __add__(self, other: "Counts") -> "Counts":  # type: ignore[override]  # adds numbers; a tuple concatenates
        return Counts(*map(operator.add, self, other))

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(*map(operator.sub, self, other))


COUNTED = Counts._fields


@dataclass(frozen=True)
class _Source:
    """A table with one row for each event: the column of its time, and the counts it adds to."""

    rows: models.QuerySet[Any]
    time: str
    counts: Mapping[str, Q]

    def first(self) -> datetime | None:
        earliest: datetime | None = self.rows.aggregate(first=Min(self.time))["first"]
        return earliest

    def counted(self, start: datetime | None, end: datetime) -> Iterator[tuple[datetime, Counts]]:
        """Yield the counts of each quarter of an hour with events, by its beginning (UTC)."""
        rows = self.rows.filter(**{f"{self.time}__lt": end})
        if start:
            rows = rows.filter(**{f"{self.time}__gte": start})
        hour = TruncHour(self.time, tzinfo=UTC)
        quarter = Floor(ExtractMinute(self.time, tzinfo=UTC) / 15.0, output_field=models.IntegerField())
        numbers = {name: Count("pk", filter=which) for name, which in self.counts.items()}
        for row in rows.order_by().values(hour_=hour, quarter_=quarter).annotate(**numbers):
            yield row.pop("hour_") + int(row.pop("quarter_")) * QUARTER, Counts(**row)


#: Other messages are notices.
_HAS_CODE = Q(verification_token__isnull=False)
_SOURCES = (
    _Source(User.objects.filter(is_test=False), "registered_at", {"registrations": Q()}),
    _Source(RetiredReferralCode.objects.all(), "registered_at", {"registrations": Q()}),
    _Source(SignInAttempt.objects.all(), "at", {"sign_ins": Q(succeeded=True)}),
    _Source(Referral.objects.counted(), "activated_at", {"activations": Q()}),
    _Source(
        Delivery.objects.all(),
        "created_at",
        {
            "codes_sent": _HAS_CODE,
            "codes_delivered": _HAS_CODE & Q(state=Delivery.State.DELIVERED),
            "codes_failed": _HAS_CODE
            & (Q(state=Delivery.State.FAILED) | Q(state=Delivery.State.WAITING, expires_at__lte=Now())),
        },
    ),
)


def totals_before(moments: Iterable[datetime]) -> dict[datetime, Counts]:
    """Return the totals before each of these moments, which lie on quarters of an hour."""
    wanted = sorted(set(moments))
    newest = RunningTotals.objects.last()
    settled = [at for at in wanted if newest and at <= newest.at]
    totals = _kept(settled) if settled else {}

    running = _counts_of(newest) if newest else Counts()
    recent = wanted[len(settled) :]
    happened = deque(sorted(_counted(newest.at if newest else None, recent[-1]).items()) if recent else ())
    for at in recent:
        while happened and happened[0][0] < at:
            running += happened.popleft()[1]
        totals[at] = running
    return totals


def first_moment() -> datetime | None:
    """Return the quarter of an hour (UTC) of the first event; None without events."""
    if kept := RunningTotals.objects.first():
        return kept.at
    return min((quarter_of(first) for source in _SOURCES if (first := source.first())), default=None)


def roll_up(*, since: datetime | None = None, progress: Callable[[list[_Span]], Iterable[_Span]] = iter) -> datetime:
    """Write the missing rows and return the moment (UTC) up to which events are counted.

    Rows after `since` are deleted first and written again. Runs every few minutes; concurrent runs write equal rows.
    `progress` wraps the list of weeks to count.
    """
    if since:
        RunningTotals.objects.filter(at__gt=quarter_of(since)).delete()
    newest = RunningTotals.objects.last()
    end = quarter_of(timezone.now() - _settling_time())
    start = newest.at if newest else min(first_moment() or end, end)
    if newest is None:
        RunningTotals.objects.bulk_create([RunningTotals(at=start)], ignore_conflicts=True)
    running = _counts_of(newest) if newest else Counts()
    for begin, stop in progress([*pairwise([*_every(_AT_ONCE, start, end), end])]):
        running = _write(begin, stop, running)
    return max(start, end)


def _settling_time() -> timedelta:
    """Return the age after which events don't change: longer than a transaction, a code or a message lives."""
    return timedelta(seconds=max(3_600, 2 * settings.CONFIRMATION_CODE_LIFETIME_SECONDS))


def _write(begin: datetime, stop: datetime, running: Counts) -> Counts:
    rows = {}
    for quarter, counts in sorted(_counted(begin, stop).items()):
        running += counts
        rows[quarter + QUARTER] = RunningTotals(at=quarter + QUARTER, **running._asdict())
    rows[stop] = RunningTotals(at=stop, **running._asdict())  # marks the time as counted, even without events
    # One statement, so that concurrent readers see all of the rows or none.
    RunningTotals.objects.bulk_create(rows.values(), ignore_conflicts=True)
    return running


def _kept(moments: list[datetime]) -> dict[datetime, Counts]:
    """Read the newest row up to each of these moments; totals are 0 before the first row."""
    as_stored = connection.ops.adapt_datetimefield_value
    wanted = ", ".join(f"({number}, %s)" for number in range(len(moments)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH wanted(number, moment) AS (VALUES {wanted})
            SELECT number, {", ".join(COUNTED)} FROM wanted
            JOIN users_runningtotals ON at = (SELECT max(at) FROM users_runningtotals WHERE at <= moment)
            """,  # noqa: S608  only numbers and names of columns
            [as_stored(moment) for moment in moments],
        )
        found = {number: Counts(*counts) for number, *counts in cursor.fetchall()}
    return {moment: found.get(number, Counts()) for number, moment in enumerate(moments)}


def quarter_of(moment: datetime) -> datetime:
    """Return the beginning (UTC) of the quarter of an hour that contains a moment."""
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def _counted(start: datetime | None, end: datetime) -> dict[datetime, Counts]:
    happened: dict[datetime, Counts] = {}
    for source in _SOURCES:
        for quarter, counts in source.counted(start, end):
            happened[quarter] = happened.get(quarter, Counts()) + counts
    return happened


def _counts_of(row: RunningTotals) -> Counts:
    return Counts(**{name: getattr(row, name) for name in COUNTED})


def _every(step: timedelta, start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step
