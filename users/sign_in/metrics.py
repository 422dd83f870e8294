"""The Prometheus metric of the sign-in: whether codes have more digits than usual."""

from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client.core import GaugeMetricFamily

from users.sign_in import code_length


def collect() -> Iterator[GaugeMetricFamily]:
    """Yield the metric; none while the database is down."""
    attack = GaugeMetricFamily(
        "sign_in_under_attack", "1 while LIMIT_WRONG_TRIES is used up, so that new codes have more digits."
    )
    try:
        attack.add_metric((), code_length.is_under_attack())
    except DatabaseError:
        return
    yield attack
