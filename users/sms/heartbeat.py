"""When the workers last did what the scheduler asked for: neither of them serves metrics."""

import time
from collections.abc import Iterator

import redis
from django.conf import settings
from prometheus_client.core import GaugeMetricFamily

from common import redis_client

_SEEN = "users.tasks.seen"


def beat() -> None:
    """Note that a worker runs a task of the scheduler."""
    redis_client.connect().set(_SEEN, time.time())


def seconds_since_last() -> float | None:
    """Return how long ago a worker ran a task of the scheduler; None if none ever did. Raises `redis.RedisError`."""
    seen = redis_client.connect().get(_SEEN)
    return time.time() - float(seen) if seen else None


def collect() -> Iterator[GaugeMetricFamily]:
    """Yield whether Redis answers, and the last time of a scheduled task; nothing without REDIS_URL."""
    if not settings.REDIS_URL:
        return
    up = GaugeMetricFamily("redis_up", "1 if Redis answers, else 0.")
    try:
        seen = redis_client.connect().get(_SEEN)
    except redis.RedisError:
        up.add_metric((), 0)
        yield up
        return
    up.add_metric((), 1)
    yield up
    last = GaugeMetricFamily("scheduled_task_timestamp_seconds", "When a worker last ran a task of the scheduler.")
    last.add_metric((), float(seen or 0))
    yield last
