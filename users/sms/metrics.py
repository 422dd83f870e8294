"""Prometheus metrics of messages, counted in the database: the workers that send them serve no metrics."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import DatabaseError
from prometheus_client.core import GaugeMetricFamily

from users.sms import health

WINDOWS = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}


def collect() -> Iterator[GaugeMetricFamily]:
    """Yield the metrics of the last five minutes and the last hour; none while the database is down."""
    messages = GaugeMetricFamily(
        "sms_messages", "Codes sent within the window, by what became of them.", labels=("window", "outcome", "channel")
    )
    failures = GaugeMetricFamily(
        "sms_channel_failures", "Those of them that a channel failed to take.", labels=("window", "channel")
    )
    longest_wait = GaugeMetricFamily("sms_longest_wait_seconds", "Age of the oldest message still to be delivered.")
    try:
        for window, duration in WINDOWS.items():
            traffic = health.traffic(within=duration)
            for (outcome, channel), count in traffic.messages.items():
                messages.add_metric((window, outcome, channel), count)
            for channel, count in traffic.failures.items():
                failures.add_metric((window, channel), count)
        longest_wait.add_metric((), health.longest_wait_seconds())
    except DatabaseError:
        return
    yield from (messages, failures, longest_wait)
