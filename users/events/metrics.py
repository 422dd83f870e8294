"""Prometheus metrics of webhooks, counted in the database: the workers that send them serve no metrics."""

from collections import Counter
from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client.core import GaugeMetricFamily

from users.events import order
from users.models import Webhook

STATES = ("active", "failing", "switched_off", "inactive")


def state_of(webhook: Webhook) -> str:
    """Return one of `STATES`."""
    if webhook.switched_off:
        return "switched_off"
    if not webhook.is_active:
        return "inactive"
    return "failing" if webhook.failing_since else "active"


def collect() -> Iterator[GaugeMetricFamily]:
    """Yield how many webhooks are in which state, and how far the last one is behind; none without the database."""
    webhooks = GaugeMetricFamily("webhooks", "Webhooks by their state.", labels=("state",))
    behind = GaugeMetricFamily("webhook_events_behind", "Events that the slowest active webhook has not been sent.")
    try:
        found, last = list(Webhook.objects.all()), order.last_position()
    except DatabaseError:
        return
    states = Counter(state_of(webhook) for webhook in found)
    for state in STATES:
        webhooks.add_metric((state,), states[state])
    behind.add_metric((), max((last - webhook.position for webhook in found if webhook.is_active), default=0))
    yield from (webhooks, behind)
