"""The limits, by name; their numbers are settings."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

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
    """A limit: `setting` names its numbers, `refusal` is raised once it is used up."""

    setting: str
    refusal: type[Refusal]

    def of(self, *subject: object) -> "Use":
        """Return one use of this limit by a phone number, client IP, country or user."""
        return Use(self, subject)


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Use:
    """One use of a limit. `is_waived` is asked only when the limit is used up."""

    limit: Limit
    subject: tuple[object, ...] = ()
    is_waived: Callable[[], bool] = _never

    def unless(self, is_waived: Callable[[], bool]) -> "Use":
        return replace(self, is_waived=is_waived)

    @property
    def counters(self) -> list[Counter]:
        # Phone numbers and IPs are personal data: the key of a counter has only their digest.
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
WRONG_PASSWORDS_PER_NUMBER = Limit("LIMIT_WRONG_PASSWORDS_PER_NUMBER", refusals.SignInLocked)
REFERRAL_CODES_ENTERED_PER_PERSON = Limit("LIMIT_REFERRAL_CODES_ENTERED_PER_PERSON", refusals.TooManyReferralCodes)


def take(*uses: Use) -> list[Use]:
    """Count one more of each use, or of none, and return the uses that were counted: a waived one is not.

    Raises the refusal of the limit that stays used up longest, with `retry_after` (seconds).
    """
    wanted = list(uses)
    while used_up := counters.take([counter for use in wanted for counter in use.counters]):
        full = next(use for use in wanted if used_up.counter in use.counters)
        if not full.is_waived():
            raise full.limit.refusal(retry_after=used_up.seconds)
        wanted.remove(full)
    return wanted


@contextmanager
def reserved(*uses: Use) -> Iterator[None]:
    """Count one more of each use, as `take` does, and refund them if the body fails."""
    counted = take(*uses)
    try:
        yield
    except Exception:
        _refund(counted, by=counters.undo)
        raise


@contextmanager
def counting_failures(use: Use) -> Iterator[list[Use]]:
    """Limit the refusals of the body: success refunds `use`, and what it adds to the list; an outage refunds `use`.

    Raises the refusal of `use`.
    """
    # Reserve first, refund on success; otherwise concurrent attempts bypass the limit.
    take(use)
    refunded = [use]
    try:
        yield refunded
    except Refusal:
        raise
    except Exception:
        _refund([use])
        raise
    _refund(refunded)


def refund(use: Use) -> None:
    """Take back one use."""
    _refund([use])


def forget(use: Use) -> None:
    """Take back every use of a limit by this subject."""
    counters.forget(use.counters)


def _refund(uses: Iterable[Use], *, by: Callable[[list[Counter]], None] = counters.refund) -> None:
    # A lost refund is better than a lost sign-in.
    with suppress(OperationalError, InterfaceError):
        by([counter for use in uses for counter in use.counters])
