"""State of the gateways, computed from the newest messages, for the panel and for monitoring."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min
from django.utils import timezone

from users import events
from users.models import Delivery
from users.sms import channels

#: A channel is judged by its newest 20 messages, which are looked for among the newest 200 of the last day.
JUDGED = 20
_SEARCHED = 200
_MAX_AGE = timedelta(hours=24)
_MIN_FAILURES = 3


@dataclass(frozen=True)
class Health:
    """The results of the newest messages that a channel was tried for."""

    channel: str
    messages: int
    failures: int

    @property
    def is_failing(self) -> bool:
        """True for at least three failures that are at least half of the messages."""
        return self.failures >= _MIN_FAILURES and 2 * self.failures >= self.messages


@dataclass(frozen=True)
class Traffic:
    """Counts within a window: messages by (outcome, channel or ""), failures by channel."""

    messages: Counter[tuple[str, str]]
    failures: Counter[str]


def health() -> list[Health]:
    """Judge every channel of SMS_URL by its newest messages, with one query."""
    since = timezone.now() - _MAX_AGE
    newest = Delivery.objects.filter(created_at__gte=since).values_list("channel", "failed_channels")[:_SEARCHED]
    rows = [(took, failed.split()) for took, failed in newest]
    return [_judge(channel.name, rows) for channel in channels.channels()]


def record_failing(message: Delivery) -> None:
    """Record an event for each channel that failed to take this message and is failing in general."""
    unknown = [name for name in message.failed_channels.split() if not events.was_channel_failing(name)]
    for judged in health() if unknown else ():
        if judged.channel in unknown and judged.is_failing:
            events.channel_failing(judged.channel, messages=judged.messages, failures=judged.failures)


def _judge(channel: str, rows: list[tuple[str, list[str]]]) -> Health:
    has_failed = [channel in failed for took, failed in rows if channel in (took, *failed)][:JUDGED]
    return Health(channel, len(has_failed), sum(has_failed))


def traffic(*, within: timedelta) -> Traffic:
    """Count the messages of a window; the index `delivery_by_time` serves it."""
    since = timezone.now() - within
    counts = Delivery.objects.filter(created_at__gte=since).with_outcome().order_by()
    groups = counts.values_list("outcome_now", "channel", "failed_channels").annotate(count=Count("pk"))  # type: ignore[misc]
    messages, failures = Counter[tuple[str, str]](), Counter[str]()
    for outcome, channel, failed, count in groups:
        messages[outcome, channel] += count
        failures.update(dict.fromkeys(failed.split(), count))
    return Traffic(messages, failures)


def longest_wait_seconds() -> float:
    """Return the age of the oldest waiting message; 0 if there is none."""
    now = timezone.now()
    oldest = Delivery.objects.having_outcome("waiting").aggregate(at=Min("created_at"))["at"]
    return (now - oldest).total_seconds() if oldest else 0.0
