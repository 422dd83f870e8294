"""Statistics for staff: registrations, sign-ins, activations and messages in a period."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from common.time_zones import zone_names
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
    """Whole days in a time zone, first and last included, split into steps; weeks begin on Monday."""

    first: date
    last: date
    step: Step
    time_zone: ZoneInfo

    def steps(self) -> Iterator[tuple[date, date]]:
        """Yield the first and the last day of each step; weeks and months are cut at the ends of the period."""
        day = self.first
        while day <= self.last:
            last = min(_last_day_of(self.step, day), self.last)
            yield day, last
            day = last + timedelta(days=1)

    def begins(self, day: date) -> datetime:
        """Return the moment (UTC) at which a day begins in the time zone of the period."""
        return datetime.combine(day, time.min, tzinfo=self.time_zone).astimezone(UTC)

    @property
    def start(self) -> datetime:
        return self.begins(self.first)

    @property
    def end(self) -> datetime:
        return self.begins(self.last + timedelta(days=1))


@dataclass(frozen=True)
class StepCounts:
    """Counts of a step, first and last day included."""

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
        """The users with the most activations of their codes in the period, in descending order."""
        return top_referrers(period=self.period)

    @property
    def delivery_rate(self) -> float | None:
        """Share of messages with a final state that were delivered; None without any."""
        return share(self.totals.codes_delivered, self.totals.codes_delivered + self.totals.codes_failed)

    @property
    def sign_in_rate(self) -> float | None:
        """Sign-ins per code sent; None without any."""
        return share(self.totals.sign_ins, self.totals.codes_sent)

    @property
    def activation_rate(self) -> float | None:
        """Activations per registration; None without any."""
        return share(self.totals.activations, self.totals.registrations)


@dataclass(frozen=True)
class Referrer:
    user: User
    activations: int


def period(*, first: date | None = None, last: date | None = None, step: str = Step.DAY, time_zone: str = "") -> Period:
    """Return a period; it ends today and lasts 30 days by default, in `STATISTICS_TIME_ZONE`.

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
    """Return the day of the first event in a time zone; today if there is none."""
    moment = totals.first_moment() or timezone.now()
    return moment.astimezone(time_zone).date()


def count(*, period: Period) -> Statistics:
    """Count events in a period, in each of its steps, and of all time up to now."""
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


def totals_before(*, period: Period) -> Counts:
    """Count events in the period of the same length that ends where this one begins."""
    days = (period.last - period.first).days + 1
    first = date.fromordinal(max(1, period.first.toordinal() - days))
    before = totals.totals_before([period.begins(first), period.start])
    return before[period.start] - before[period.begins(first)]


def top_referrers(*, period: Period, limit: int = MOST_REFERRERS) -> list[Referrer]:
    """Return the users with the most activations of their codes in a period, without erased ones."""
    activated = Referral.objects.counted().filter(activated_at__gte=period.start, activated_at__lt=period.end)
    counted = activated.filter(inviter__isnull=False).order_by().values_list("inviter_id").annotate(n=Count("pk"))
    activations: dict[int, int] = dict(counted.order_by("-n", "inviter_id")[:limit])
    # A second query: joining half a million referrals with their inviters takes longer than counting them.
    users = User.objects.in_bulk(list(activations))
    return [Referrer(users[pk], number) for pk, number in activations.items() if pk in users]


def share(part: int, whole: int) -> float | None:
    """Return `part` as a share of `whole`, 0.25 for a quarter; None if `whole` is 0."""
    return round(part / whole, 4) if whole else None


def _zone(name: str) -> ZoneInfo:
    if name not in zone_names():
        raise TimeZoneUnknown
    return ZoneInfo(name)


def _last_day_of(step: Step, day: date) -> date:
    if step is Step.WEEK:
        return day + timedelta(days=6 - day.weekday())
    if step is Step.MONTH:
        next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        return next_month - timedelta(days=1)
    return day
