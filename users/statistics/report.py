"""What staff want to know: how many registered, signed in and invited others, when, and how far people got."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, cached_property
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from users.models import Referral, User
from users.refusals import PeriodInvalid, PeriodTooLong, TimeZoneUnknown
from users.statistics import totals
from users.statistics.totals import QUARTER, Counts, quarter_of

DAYS_UNLESS_ASKED = 30
MOST_STEPS = 3_660  # ten years of days
MOST_REFERRERS = 10
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Period:
    """Whole days in a time zone, both included, seen in steps; weeks begin on Monday."""

    first: date
    last: date
    step: Step
    time_zone: ZoneInfo

    def steps(self) -> Iterator[tuple[date, date]]:
        """Yield the first and the last day of each step; a week or month that begins or ends outside is cut off."""
        day = self.first
        while day <= self.last:
            last = min(_last_day_of(self.step, day), self.last)
            yield day, last
            day = last + timedelta(days=1)

    def begins(self, day: date) -> datetime:
        """Return the moment (UTC) at which a day begins here."""
        return datetime.combine(day, time.min, tzinfo=self.time_zone).astimezone(UTC)

    @property
    def start(self) -> datetime:
        return self.begins(self.first)

    @property
    def end(self) -> datetime:
        return self.begins(self.last + timedelta(days=1))


@dataclass(frozen=True)
class StepCounts:
    """What happened from the first to the last day of a step, both included."""

    first: date
    last: date
    counts: Counts


@dataclass(frozen=True)
class Statistics:
    period: Period
    totals: Counts
    steps: list[StepCounts]
    all_time: Counts

    @cached_property
    def top_referrers(self) -> list["Referrer"]:
        """The people with whose code most others came, the first of them first."""
        return top_referrers(period=self.period)

    @property
    def delivery_rate(self) -> float | None:
        """Of the codes whose fate is known, how many reached the gateway."""
        return share(self.totals.codes_delivered, self.totals.codes_delivered + self.totals.codes_failed)

    @property
    def sign_in_rate(self) -> float | None:
        """How many sign-ins there were for each code that was asked for."""
        return share(self.totals.sign_ins, self.totals.codes_sent)

    @property
    def activation_rate(self) -> float | None:
        """How many invite codes were activated for each person who registered."""
        return share(self.totals.activations, self.totals.registrations)


@dataclass(frozen=True)
class Referrer:
    person: User
    activations: int


def period(*, first: date | None = None, last: date | None = None, step: str = Step.DAY, time_zone: str = "") -> Period:
    """Return the days from `first` to `last`: to today, and thirty of them, unless told.

    Raises `TimeZoneUnknown`, `PeriodInvalid` or `PeriodTooLong`.
    """
    zone = _zone(time_zone or settings.STATISTICS_TIME_ZONE)
    last = last or timezone.now().astimezone(zone).date()
    first = first or date.fromordinal(max(_FIRST_DAY.toordinal(), last.toordinal() - DAYS_UNLESS_ASKED + 1))
    if not _FIRST_DAY <= first <= last <= _LAST_DAY:
        raise PeriodInvalid
    chosen = Period(first, last, Step(step), zone)
    if sum(1 for _ in chosen.steps()) > MOST_STEPS:
        raise PeriodTooLong(steps=MOST_STEPS)
    return chosen


def first_day(*, time_zone: ZoneInfo) -> date:
    """Return the day on which the first thing happened here; today if nothing has."""
    moment = totals.first_moment() or timezone.now()
    return moment.astimezone(time_zone).date()


def count(*, period: Period) -> Statistics:
    """Count what happened in a period and in each of its steps, and ever, up to this moment."""
    now = quarter_of(timezone.now()) + QUARTER
    steps = list(period.steps())
    starts = [period.begins(first) for first, _ in steps]
    before = totals.totals_before([*starts, period.end, now])
    ends = [*starts[1:], period.end]
    return Statistics(
        period=period,
        totals=before[period.end] - before[period.start],
        steps=[
            StepCounts(first, last, before[end] - before[start])
            for (first, last), start, end in zip(steps, starts, ends, strict=True)
        ],
        all_time=before[now],
    )


def top_referrers(*, period: Period, limit: int = MOST_REFERRERS) -> list[Referrer]:
    """Return the people with whose code most others came in a period; erased ones are nobody any more."""
    activated = Referral.objects.filter(activated_at__gte=period.start, activated_at__lt=period.end)
    counted = activated.filter(inviter__isnull=False).order_by().values_list("inviter_id").annotate(n=Count("pk"))
    activations: dict[int, int] = dict(counted.order_by("-n", "inviter_id")[:limit])
    # Looked up only now: to join half a million referrals with their inviters would take longer than to count them.
    people = User.objects.in_bulk(list(activations))
    return [Referrer(people[pk], number) for pk, number in activations.items() if pk in people]


def share(part: int, whole: int) -> float | None:
    """Return which part of a whole this is, 0.25 for a quarter; None of nothing."""
    return round(part / whole, 4) if whole else None


def _zone(name: str) -> ZoneInfo:
    if name not in _zone_names():
        raise TimeZoneUnknown
    return ZoneInfo(name)


@cache
def _zone_names() -> set[str]:
    return available_timezones()  # walks through six hundred files


def _last_day_of(step: Step, day: date) -> date:
    if step is Step.WEEK:
        return day + timedelta(days=6 - day.weekday())
    if step is Step.MONTH:
        next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        return next_month - timedelta(days=1)
    return day
