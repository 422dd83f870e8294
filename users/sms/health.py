"""How the gateways do, from the rows of the newest messages: for staff's panel and for monitoring."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min
from django.utils import timezone

from users.models import Delivery
from users.sms import channels

#: Of how many of its messages a gateway is judged, and how many of the newest of all are searched for them.
JUDGED = 20
_SEARCHED = 200
_REMEMBERED = timedelta(hours=24)
_FAILURES_TO_TELL = 3


@dataclass(frozen=True)
class Health:
    """What the newest messages that were offered to a channel met."""

    channel: str
    messages: int
    failures: int

    @property
    def is_failing(self) -> bool:
        """Whether it failed at least three times, and as often as not."""
        return self.failures >= _FAILURES_TO_TELL and 2 * self.failures >= self.messages


@dataclass(frozen=True)
class Traffic:
    """What happened within a time: messages by outcome and channel (none: ""), failures by channel."""

    messages: Counter[tuple[str, str]]
    failures: Counter[str]


def health() -> list[Health]:
    """Judge every channel of SMS_URL by its newest messages of the last day. One query, however many there are."""
    since = timezone.now() - _REMEMBERED
    newest = Delivery.objects.filter(created_at__gte=since).values_list("channel", "failed_channels")[:_SEARCHED]
    rows = [(took, failed.split()) for took, failed in newest]
    return [_judge(channel.name, rows) for channel in channels.channels()]


def _judge(channel: str, rows: list[tuple[str, list[str]]]) -> Health:
    has_failed = [channel in failed for took, failed in rows if channel in (took, *failed)][:JUDGED]
    return Health(channel, len(has_failed), sum(has_failed))


def traffic(*, within: timedelta) -> Traffic:
    """Count the messages since then; an index on their time serves it."""
    since = timezone.now() - within
    counts = Delivery.objects.filter(created_at__gte=since).with_outcome().order_by()
    groups = counts.values_list("outcome_now", "channel", "failed_channels").annotate(count=Count("pk"))  # type: ignore[misc]
    messages, failures = Counter[tuple[str, str]](), Counter[str]()
    for outcome, channel, failed, count in groups:
        messages[outcome, channel] += count
        failures.update(dict.fromkeys(failed.split(), count))
    return Traffic(messages, failures)


def longest_wait_seconds() -> float:
    """The age of the oldest message that is still to be delivered; 0 if there is none."""
    now = timezone.now()
    oldest = Delivery.objects.having_outcome("waiting").aggregate(at=Min("created_at"))["at"]
    return (now - oldest).total_seconds() if oldest else 0.0
