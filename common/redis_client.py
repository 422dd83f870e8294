"""Redis connections for requests, with a short time-out; Celery has its own."""

import logging
import time
from functools import lru_cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 0.5
_PAUSE_SECONDS = 5
_paused_until = 0.0


def connect() -> "redis.Redis":
    return _connect(settings.REDIS_URL)


def is_paused() -> bool:
    """True for a moment after a failure, so that not every request waits for the time-out."""
    return time.monotonic() < _paused_until


def pause(failure: Exception) -> None:
    """Let the requests of this process do without Redis for 5 s."""
    global _paused_until  # noqa: PLW0603  each process has its own
    _paused_until = time.monotonic() + _PAUSE_SECONDS
    logger.warning("Redis is out of reach (%s): requests do without it", type(failure).__name__)


@lru_cache(maxsize=1)
def _connect(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
