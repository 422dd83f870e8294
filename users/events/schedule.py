"""When an event is sent again, and when a webhook is given up."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Between the attempts. With the last one an event has been tried for three days.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
#: A webhook that has failed for so long is switched off.
GIVEN_UP_AFTER = timedelta(days=5)
#: How long a receiver that gave no answer is left alone.
AFTER_SILENCE = DELAYS[0]
_LONGEST_WAIT = timedelta(hours=24)
_SPREAD = 0.1


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after so many attempts (UTC), spread by a tenth; None: not again."""
    if attempts > len(DELAYS):
        return None
    return now + DELAYS[attempts - 1] * random.uniform(1 - _SPREAD, 1 + _SPREAD)


def paused_until(retry_after: str, now: datetime) -> datetime | None:
    """Read `Retry-After` (RFC 9110, section 10.2.3), seconds or a date, up to a day; None for anything else."""
    try:
        asked = now + timedelta(seconds=int(retry_after)) if retry_after.isdecimal() else _date(retry_after)
    except (ValueError, OverflowError):
        return None
    return min(asked, now + _LONGEST_WAIT) if asked > now else None


def _date(text: str) -> datetime:
    date = parsedate_to_datetime(text)
    return date if date.tzinfo else date.replace(tzinfo=UTC)
