"""Counting up to a limit, exactly, however many ask at once: in Redis, or in the database where there is none."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from common import redis_client
from users.models import LimitCounter
from users.refusals import seconds_between

logger = logging.getLogger(__name__)

_REDIS_REST_SECONDS = 5
_redis_rests_until = 0.0


@dataclass(frozen=True)
class Counter:
    """At most `allowed` in the `seconds` that begin with the first."""

    key: str
    allowed: int
    seconds: int


@dataclass(frozen=True)
class UsedUp:
    """The counter that lets nothing more through for longest: `seconds` yet."""

    counter: Counter
    seconds: int


def take(counters: Sequence[Counter]) -> UsedUp | None:
    """Count one more on every counter, or on none: then return the one that stays used up longest."""
    if closed := [counter for counter in counters if not counter.allowed]:
        return UsedUp(closed[0], closed[0].seconds)
    if client := _redis():
        try:
            return _take_in_redis(client, counters)
        except redis.RedisError as failure:
            _let_redis_rest(failure)
    return _take_in_database(counters)


def give_back(counters: Sequence[Counter]) -> None:
    """Take back one count of each that has not expired meanwhile."""
    if client := _redis():
        try:
            client.eval(_GIVE_BACK, len(counters), *[counter.key for counter in counters])
        except redis.RedisError as failure:
            _let_redis_rest(failure)
        else:
            return
    keys = [counter.key for counter in counters]
    LimitCounter.objects.filter(key__in=keys, count__gt=0, expires_at__gt=timezone.now()).update(count=F("count") - 1)


# Redis runs a script as one step.
_TAKE = """
local full, longest = 0, 0
for nth, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * nth - 1]) then
        local rest = redis.call('PTTL', key)
        if full == 0 or rest > longest then full, longest = nth, rest end
    end
end
if full > 0 then return {full, longest} end
for nth, key in ipairs(KEYS) do
    if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[2 * nth]) end
end
return {0, 0}
"""
_GIVE_BACK = """
for _, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
"""


def _redis() -> "redis.Redis | None":
    if not settings.REDIS_URL or time.monotonic() < _redis_rests_until:
        return None
    return redis_client.connect()


def _let_redis_rest(failure: redis.RedisError) -> None:
    """Count in the database for a while, so that not every request waits for a Redis that is away."""
    global _redis_rests_until  # noqa: PLW0603  each process finds out for itself
    _redis_rests_until = time.monotonic() + _REDIS_REST_SECONDS
    logger.warning("Redis does not count (%s): the database does", type(failure).__name__)


def _take_in_redis(client: "redis.Redis", counters: Sequence[Counter]) -> UsedUp | None:
    terms = [term for counter in counters for term in (counter.allowed, counter.seconds)]
    nth, milliseconds = client.eval(_TAKE, len(counters), *[counter.key for counter in counters], *terms)
    return UsedUp(counters[nth - 1], max(1, -(-milliseconds // 1000))) if nth else None


@transaction.atomic
def _take_in_database(counters: Sequence[Counter]) -> UsedUp | None:
    now = timezone.now()
    with connection.cursor() as cursor:
        # Rows are locked in the order of keys, so that two requests can't wait for each other.
        rows = [
            (counter.key, counter.allowed, now + timedelta(seconds=counter.seconds))
            for counter in sorted(counters, key=lambda counter: counter.key)
        ]
        cursor.execute(
            f"""
            INSERT INTO users_limitcounter AS kept (key, count, allowed, expires_at)
            VALUES {", ".join(["(%s, 1, %s, %s)"] * len(rows))}
            ON CONFLICT (key) DO UPDATE SET
                count = CASE WHEN kept.expires_at <= %s THEN 1 ELSE kept.count + 1 END,
                expires_at = CASE WHEN kept.expires_at <= %s THEN excluded.expires_at ELSE kept.expires_at END,
                allowed = excluded.allowed
            WHERE kept.expires_at <= %s OR kept.count < excluded.allowed
            RETURNING key
            """,  # noqa: S608  placeholders only
            [*[value for row in rows for value in row], now, now, now],
        )
        counted = {key for (key,) in cursor.fetchall()}
    full = [counter for counter in counters if counter.key not in counted]
    if not full:
        return None
    rows_of_full = LimitCounter.objects.filter(key__in=[counter.key for counter in full])
    key, expires_at = rows_of_full.values_list("key", "expires_at").latest("expires_at")
    transaction.set_rollback(True)
    counter = next(counter for counter in full if counter.key == key)
    return UsedUp(counter, seconds_between(now, expires_at))
