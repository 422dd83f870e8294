"""How often something may be done: each limit once, by name; the numbers are settings."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from common import digests
from users import refusals
from users.limits import counters
from users.limits.counters import Counter
from users.refusals import Refusal

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "month": 30 * 86_400}
_TERM = re.compile(r"(\d+)/(minute|hour|day|month)")


@lru_cache
def parse(text: str) -> tuple[tuple[int, int], ...]:
    """Read "5/hour 10/day" as ((5, 3600), (10, 86400)). Raises `ImproperlyConfigured`."""
    terms = [(term, _TERM.fullmatch(term)) for term in text.split()]
    if wrong := [term for term, match in terms if not match]:
        raise ImproperlyConfigured(f"{wrong[0]!r} is no limit: write it as 5/hour, with minute, hour, day or month.")
    return tuple((int(match[1]), _SECONDS[match[2]]) for _, match in terms if match)


@dataclass(frozen=True)
class Limit:
    """`setting` says how many in which time, and `refusal` what is said to one too many."""

    setting: str
    refusal: type[Refusal]

    def of(self, *subject: object) -> "Use":
        """Return this limit for one number, address or person."""
        return Use(self, subject)


@dataclass(frozen=True)
class Use:
    limit: Limit
    subject: tuple[object, ...] = ()

    @property
    def counters(self) -> list[Counter]:
        # Numbers and addresses are personal data: a counter knows only their digest.
        digest = digests.keyed("users.limits", repr(self.subject))[:32]
        terms = parse(getattr(settings, self.limit.setting))
        return [Counter(f"{self.limit.setting}:{seconds}:{digest}", allowed, seconds) for allowed, seconds in terms]


CODES_PER_NUMBER_AND_ADDRESS = Limit("LIMIT_CODES_PER_NUMBER_AND_ADDRESS", refusals.TooManyCodes)
CODES_PER_NUMBER = Limit("LIMIT_CODES_PER_NUMBER", refusals.TooManyCodes)
CODES_PER_ADDRESS = Limit("LIMIT_CODES_PER_ADDRESS", refusals.TooManyRequests)
CODES_PER_COUNTRY = Limit("LIMIT_CODES_PER_COUNTRY", refusals.SendingPaused)
CODES = Limit("LIMIT_CODES", refusals.SendingPaused)
FAILED_SIGN_INS_PER_ADDRESS = Limit("LIMIT_FAILED_SIGN_INS_PER_ADDRESS", refusals.TooManyRequests)
REFERRAL_CODE_LOOKUPS_PER_ADDRESS = Limit("LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS", refusals.TooManyRequests)
REFERRAL_CODES_ENTERED_PER_PERSON = Limit("LIMIT_REFERRAL_CODES_ENTERED_PER_PERSON", refusals.TooManyReferralCodes)


def take(*uses: Use) -> None:
    """Count one more of each, or of none. Raises the refusal of the first that is used up, with `retry_after`."""
    wanted = {counter: use.limit for use in uses for counter in use.counters}
    if wanted and (used_up := counters.take(list(wanted))):
        raise wanted[used_up.counter].refusal(retry_after=used_up.seconds)


@contextmanager
def counting_failures(use: Use, *, forgiving: Iterable[Use] = ()) -> Iterator[None]:
    """Let so many attempts fail; one that succeeds is not counted, nor is what it is `forgiving`.

    Raises the refusal of `use`.
    """
    # Taken before it is known how the attempt ends, or a thousand at once would all be under the limit.
    take(use)
    yield
    give_back(use, *forgiving)


def give_back(*uses: Use) -> None:
    """Let what was taken count no longer."""
    if taken := [counter for use in uses for counter in use.counters]:
        counters.give_back(taken)
