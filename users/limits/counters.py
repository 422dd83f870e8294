"""Exact counters under concurrency: in Redis, or in the database when Redis is missing or down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from common import redis_client
from common.database import sql
from users.models import LimitCounter
from users.refusals import seconds_between


@dataclass(frozen=True)
class Counter:
    """At most `allowed` in a window of `seconds` that starts with the first count."""

    key: str
    allowed: int
    seconds: int


@dataclass(frozen=True)
class UsedUp:
    """A counter that is at its limit for `seconds` more."""

    counter: Counter
    seconds: int


def take(counters: Sequence[Counter], *, watched: Sequence[Counter] = ()) -> tuple[UsedUp | None, set[Counter]]:
    """Add one to every counter, or to none: then return the one that stays used up longest.

    Return also those of `watched` that are at their limit. In Redis it is one command for both.
    """
    if closed := [counter for counter in counters if not counter.allowed]:
        return UsedUp(closed[0], closed[0].seconds), set()
    if counters and (client := _redis()):
        try:
            return _take_in_redis(client, counters, watched)
        except redis.RedisError as failure:
            redis_client.pause(failure)
    return _take_in_database(counters) if counters else None, full(watched)


def full(counters: Sequence[Counter]) -> set[Counter]:
    """Return those that are at their limit, without counting more."""
    return _full(counters, counts(counters))


def counts(counters: Sequence[Counter]) -> list[int]:
    """Return what was counted so far, without counting more."""
    keys = [counter.key for counter in counters]
    if keys and (client := _redis()):
        try:
            return [int(count or 0) for count in client.mget(keys)]
        except redis.RedisError as failure:
            redis_client.pause(failure)
    current = LimitCounter.objects.filter(key__in=keys, expires_at__gt=timezone.now())
    stored = dict(current.values_list("key", "count")) if keys else {}
    return [stored.get(key, 0) for key in keys]


def refund(counters: Sequence[Counter]) -> None:
    """Subtract one from every counter that has not expired."""
    if not counters:
        return
    keys = [counter.key for counter in counters]
    if client := _redis():
        try:
            client.eval(_REFUND, len(keys), *keys)
        except redis.RedisError as failure:
            redis_client.pause(failure)
        else:
            return
    LimitCounter.objects.filter(key__in=keys, count__gt=0, expires_at__gt=timezone.now()).update(count=F("count") - 1)


def undo(counters: Sequence[Counter]) -> None:
    """Refund, and keep no row that counts nothing: refused requests would leave one for each number."""
    refund(counters)
    LimitCounter.objects.filter(key__in=[counter.key for counter in counters], count=0).delete()


def forget(counters: Sequence[Counter]) -> None:
    """Set every counter to zero."""
    keys = [counter.key for counter in counters]
    if keys and (client := _redis()):
        try:
            client.delete(*keys)
        except redis.RedisError as failure:
            redis_client.pause(failure)
    LimitCounter.objects.filter(key__in=keys).delete()


# Redis runs a script atomically.
_TAKE = """
local full, longest, counts = 0, 0, {}
local taken = #ARGV / 2
for nth, key in ipairs(KEYS) do
    counts[nth] = tonumber(redis.call('GET', key) or '0')
    if nth <= taken and counts[nth] >= tonumber(ARGV[2 * nth - 1]) then
        local rest = redis.call('PTTL', key)
        if full == 0 or rest > longest then full, longest = nth, rest end
    end
end
for nth = 1, full == 0 and taken or 0 do
    if redis.call('INCR', KEYS[nth]) == 1 then redis.call('EXPIRE', KEYS[nth], ARGV[2 * nth]) end
end
return {full, longest, unpack(counts, taken + 1)}
"""
_REFUND = """
for _, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') > 0 and redis.call('DECR', key) == 0 then redis.call('DEL', key) end
end
"""


def _redis() -> "redis.Redis | None":
    return redis_client.connect() if settings.REDIS_URL and not redis_client.is_paused() else None


def _take_in_redis(
    client: "redis.Redis", counters: Sequence[Counter], watched: Sequence[Counter]
) -> tuple[UsedUp | None, set[Counter]]:
    keys = [counter.key for counter in (*counters, *watched)]
    terms = [term for counter in counters for term in (counter.allowed, counter.seconds)]
    nth, milliseconds, *seen = client.eval(_TAKE, len(keys), *keys, *terms)
    used_up = UsedUp(counters[nth - 1], max(1, -(-milliseconds // 1000))) if nth else None
    return used_up, _full(watched, seen)


def _full(counters: Sequence[Counter], counted: Sequence[int]) -> set[Counter]:
    return {each for each, count in zip(counters, counted, strict=True) if count >= each.allowed}


@transaction.atomic
def _take_in_database(counters: Sequence[Counter]) -> UsedUp | None:
    now = timezone.now()
    # Rows are locked in the order of their keys, so that two requests can't deadlock.
    values = [
        (counter.key, counter.allowed, now + timedelta(seconds=counter.seconds))
        for counter in sorted(counters, key=lambda counter: counter.key)
    ]
    counted = sql.rows(
        f"""
        INSERT INTO users_limitcounter AS kept (key, count, allowed, expires_at)
        VALUES {", ".join(["(%s, 1, %s, %s)"] * len(values))}
        ON CONFLICT (key) DO UPDATE SET
            count = CASE WHEN kept.expires_at <= %s THEN 1 ELSE kept.count + 1 END,
            expires_at = CASE WHEN kept.expires_at <= %s THEN excluded.expires_at ELSE kept.expires_at END,
            allowed = excluded.allowed
        WHERE kept.expires_at <= %s OR kept.count < excluded.allowed
        RETURNING key
        """,  # noqa: S608  placeholders only
        *[value for row in values for value in row],
        now,
        now,
        now,
    )
    full = {counter.key: counter for counter in counters if (counter.key,) not in counted}
    if not full:
        return None
    key, expires_at = LimitCounter.objects.filter(key__in=full).values_list("key", "expires_at").latest("expires_at")
    transaction.set_rollback(True)
    return UsedUp(full[key], seconds_between(now, expires_at))
