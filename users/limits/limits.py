"""The limits, by name; their numbers are settings."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

from common import digests
from common.http.client_ip import networks
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
        """Return one use of this limit by a phone number, country or user."""
        return Use(self, {subject: 1})

    def of_address(self, client_ip: str, *subject: object) -> "Use":
        """Return one use of this limit by a client IP, and by the wider networks that an IPv6 address is part of."""
        return Use(self, {(*subject, network): times for network, times in networks(client_ip).items()})


Condition = Callable[[], bool]
_ALL = 100


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Use:
    """One use of a limit. The conditions are asked only when it is used up."""

    limit: Limit
    #: How many times the limit each subject is allowed.
    subjects: dict[tuple[object, ...], int]
    #: If this is true, the use is not counted.
    is_waived: Condition = _never
    #: The part of the limit, rounded up, that is for everybody; the rest needs `has_reserve`.
    open_percent: int = _ALL
    has_reserve: Condition = _never

    def unless(self, is_waived: Condition) -> "Use":
        return replace(self, is_waived=is_waived)

    def with_reserve(self, percent: int, *, has_reserve: Condition) -> "Use":
        """Keep a part of the limit for uses with `has_reserve`."""
        return replace(self, open_percent=_ALL - percent, has_reserve=has_reserve)

    def with_reserve_for(self, is_known: Condition) -> "Use":
        """Keep KNOWN_ADDRESS_RESERVE_PERCENT of the limit for addresses known to the number."""
        return self.with_reserve(settings.KNOWN_ADDRESS_RESERVE_PERCENT, has_reserve=is_known)

    def when_used_up(self, *, retry_after: int) -> "Use | None":
        """Return the use that applies when this one is used up, None if it is waived. Raises the limit's refusal."""
        if self.is_waived():
            return None
        if self.open_percent < _ALL and self.has_reserve():
            return replace(self, open_percent=_ALL)
        raise self.limit.refusal(retry_after=retry_after)

    @property
    def counters(self) -> list[Counter]:
        terms = parse(getattr(settings, self.limit.setting))
        return [
            Counter(f"{self.limit.setting}:{seconds}:{digest}", self._part_of(allowed * times), seconds)
            for digest, times in ((_digest(subject), times) for subject, times in self.subjects.items())
            for allowed, seconds in terms
        ]

    @property
    def counters_of_next(self) -> list[Counter]:
        """The counters of one more use, with or without the reserve."""
        return (replace(self, open_percent=_ALL) if self.has_reserve() else self).counters

    def _part_of(self, allowed: int) -> int:
        return -(-allowed * self.open_percent // _ALL)


def _digest(subject: tuple[object, ...]) -> str:
    # Phone numbers and IPs are personal data: the key of a counter has only their digest.
    return digests.keyed("users.limits", repr(subject))[:32]


CODES_PER_NUMBER_AND_ADDRESS = Limit("LIMIT_CODES_PER_NUMBER_AND_ADDRESS", refusals.TooManyCodes)
CODES_PER_NUMBER = Limit("LIMIT_CODES_PER_NUMBER", refusals.TooManyCodes)
CODES_PER_ADDRESS = Limit("LIMIT_CODES_PER_ADDRESS", refusals.TooManyRequests)
CODES_PER_BLOCK = Limit("LIMIT_CODES_PER_BLOCK", refusals.SendingPaused)
CODES_PER_COUNTRY = Limit("LIMIT_CODES_PER_COUNTRY", refusals.SendingPaused)
CODES = Limit("LIMIT_CODES", refusals.SendingPaused)
WRONG_TRIES = Limit("LIMIT_WRONG_TRIES", refusals.LongerCodeNeeded)
WRONG_TRIES_UNDER_ATTACK = Limit("LIMIT_WRONG_TRIES_UNDER_ATTACK", refusals.LongerCodeNeeded)
FAILED_SIGN_INS_PER_ADDRESS = Limit("LIMIT_FAILED_SIGN_INS_PER_ADDRESS", refusals.TooManyRequests)
REFERRAL_CODE_LOOKUPS_PER_ADDRESS = Limit("LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS", refusals.TooManyRequests)
FORWARDED_SIGN_INS_PER_SERVICE = Limit("LIMIT_FORWARDED_SIGN_INS_PER_SERVICE", refusals.TooManyRequests)
WRONG_PASSWORDS_PER_NUMBER = Limit("LIMIT_WRONG_PASSWORDS_PER_NUMBER", refusals.SignInLocked)
REFERRAL_CODES_ENTERED_PER_PERSON = Limit("LIMIT_REFERRAL_CODES_ENTERED_PER_PERSON", refusals.TooManyReferralCodes)


def take(*uses: Use) -> list[Use]:
    """Count one more of each use, or of none, and return the uses that were counted: a waived one is not.

    Raises the refusal of the limit that stays used up longest, with `retry_after` (seconds).
    """
    return _take(uses)[0]


def _take(uses: Iterable[Use], watched: Sequence[Use] = ()) -> tuple[list[Use], list[bool]]:
    """Do as `take` does; return also, of each of `watched`, what `is_used_up` returns."""
    wanted, watching = list(uses), [use.counters_of_next for use in watched]
    while True:
        used_up, at_limit = counters.take(
            [counter for use in wanted for counter in use.counters],
            watched=[counter for each in watching for counter in each],
        )
        if used_up is None:
            return wanted, [not at_limit.isdisjoint(each) for each in watching]
        full = next(use for use in wanted if used_up.counter in use.counters)
        wanted.remove(full)
        if instead := full.when_used_up(retry_after=used_up.seconds):
            wanted.append(instead)


def is_used_up(use: Use) -> bool:
    """Return True if one more use would be refused, without counting it."""
    return bool(counters.full(use.counters_of_next))


def is_unused(use: Use) -> bool:
    return not any(counters.counts(use.counters))


@contextmanager
def reserved(*uses: Use, watched: Sequence[Use] = ()) -> Iterator[list[bool]]:
    """Count one more of each use, as `take` does, and refund them if the body fails.

    Yields, of each of `watched`, whether it is used up: so it needs no round trip of its own.
    """
    counted, used_up = _take(uses, watched)
    try:
        yield used_up
    except Exception:
        _refund(counted, by=counters.undo)
        raise


@dataclass
class Refunds:
    """What `counting_failures` takes back at the end. Its body may change the lists."""

    on_success: list[Use]
    on_refusal: list[Use] = field(default_factory=list)


@contextmanager
def counting_failures(*uses: Use) -> Iterator[Refunds]:
    """Limit the refusals of the body: success and outages refund `uses`.

    Raises the refusal of one of them, as `take` does.
    """
    # Reserve first, refund on success; otherwise concurrent attempts bypass the limit.
    counted = take(*uses)
    refunds = Refunds([*counted])
    try:
        yield refunds
    except Refusal:
        _refund(refunds.on_refusal)
        raise
    except Exception:
        _refund(counted)
        raise
    _refund(refunds.on_success)


def charge(use: Use) -> None:
    """Count one more use, unless the limit is used up."""
    with suppress(Refusal):
        take(use)


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
