"""Redis connections for requests, with a short time-out; Celery has its own."""

from functools import lru_cache

import redis
from django.conf import settings

_TIMEOUT_SECONDS = 0.5


def connect() -> "redis.Redis":
    return _connect(settings.REDIS_URL)


@lru_cache(maxsize=1)
def _connect(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
