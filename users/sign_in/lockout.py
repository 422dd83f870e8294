"""Lockout of a phone number after wrong codes, except for IPs that it has signed in from lately."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from common.database import sql
from common.http.client_ip import client_ip_digest, client_ip_digests
from users import events
from users.limits import limits
from users.models import SignInAttempt
from users.refusals import SignInLocked, seconds_between

_WRONG_TRIES_COUNT_FOR = timedelta(days=30)
# At most so many: locks begin after fewer wrong tries, and right codes are the owner's.
_ATTEMPTS = """
    SELECT id, at, address, succeeded FROM users_signinattempt WHERE phone_number = %s AND at > %s
    ORDER BY at DESC LIMIT 2000
"""
_FORGET_WRONG_TRIES = "DELETE FROM users_signinattempt WHERE phone_number = %s AND NOT succeeded AND address = %s"


@dataclass(frozen=True)
class Standing:
    """What earlier sign-ins say of a number and an IP."""

    #: The number has signed in from this IP during KNOWN_ADDRESS_DAYS.
    is_known: bool
    #: The number has signed in during the last 24 hours, from any IP.
    signed_in_today: bool
    #: Wrong codes that count were entered from this IP.
    has_failed_here: bool
    #: When wrong codes that count were entered for the number (UTC), oldest first.
    wrong_tries: tuple[datetime, ...]


def admit(*, phone_number: str, client_ip: str) -> Standing:
    """Return how the number stands at this IP. Raises `SignInLocked` while the number is locked for it.

    Does not reveal whether the user exists. The lock of the number does not apply to an IP known to it, so that
    attackers can't lock the owner out; each IP has a lock of its own besides.
    """
    now = timezone.now()
    here = client_ip_digests(client_ip)
    standing, tries = _standing(phone_number, here, now)
    from_here = [at for at, address in tries if address in here]
    locks = [_locked_until(from_here, settings.LIMIT_WRONG_TRIES_PER_NUMBER_AND_ADDRESS)]
    if not standing.is_known:
        locks.append(_locked_until([at for at, _ in tries], settings.LIMIT_WRONG_TRIES_PER_NUMBER))
    if (latest := max(filter(None, locks), default=now)) > now:
        raise SignInLocked(retry_after=seconds_between(now, latest))
    return standing


def _standing(phone_number: str, here: list[str], now: datetime) -> tuple[Standing, list[tuple[datetime, str]]]:
    """Return the standing, and time and address of each wrong try that counts, oldest first."""
    known_since = now - timedelta(days=settings.KNOWN_ADDRESS_DAYS)
    wrong_since = now - _WRONG_TRIES_COUNT_FOR
    attempts = sql.find(SignInAttempt, _ATTEMPTS, phone_number, min(known_since, wrong_since))[::-1]
    right = [each for each in attempts if each.succeeded]
    wrong = [(each.at, each.address) for each in attempts if not each.succeeded and each.at > wrong_since]
    standing = Standing(
        is_known=any(each.address in here and each.at > known_since for each in right),
        signed_in_today=any(each.at > now - timedelta(days=1) for each in right),
        has_failed_here=any(address in here for _, address in wrong),
        wrong_tries=tuple(at for at, _ in wrong),
    )
    return standing, wrong


def locked_until(*, phone_number: str) -> datetime | None:
    """Return until when (UTC) wrong tries lock a number for IPs that it does not know; None if they do not."""
    now = timezone.now()
    _standing_anywhere, tries = _standing(phone_number, [""], now)
    until = _locked_until([at for at, _ in tries], settings.LIMIT_WRONG_TRIES_PER_NUMBER)
    return until if until and until > now else None


def is_known(*, phone_number: str, client_ip: str) -> bool:
    """True if this number has signed in from this IP during KNOWN_ADDRESS_DAYS."""
    since = timezone.now() - timedelta(days=settings.KNOWN_ADDRESS_DAYS)
    here = client_ip_digests(client_ip)
    known = SignInAttempt.objects.filter(phone_number=phone_number, succeeded=True, address__in=here, at__gt=since)
    return known.exists()


def expired_attempts() -> QuerySet[SignInAttempt]:
    """Return the attempts that are too old to have an effect."""
    now = timezone.now()
    wrong = Q(succeeded=False, at__lte=now - _WRONG_TRIES_COUNT_FOR)
    right = Q(succeeded=True, at__lte=now - timedelta(days=settings.KNOWN_ADDRESS_DAYS))
    return SignInAttempt.objects.filter(wrong | right)


def record_wrong_try(*, phone_number: str, client_ip: str, standing: Standing) -> None:
    """Count a wrong code, and record the event if it is the one that locks the number."""
    now = timezone.now()
    SignInAttempt.objects.create(phone_number=phone_number, address=client_ip_digest(client_ip), succeeded=False)
    until = _locked_until([*standing.wrong_tries, now], settings.LIMIT_WRONG_TRIES_PER_NUMBER)
    if until and until != _locked_until(standing.wrong_tries, settings.LIMIT_WRONG_TRIES_PER_NUMBER):
        events.number_locked(phone_number, until=until)


def forgive(*, phone_number: str, client_ip: str, standing: Standing) -> None:
    """Forget the wrong tries from an IP after a right one (NIST SP 800-63B, section 5.2.2)."""
    if standing.has_failed_here:
        for here in client_ip_digests(client_ip):
            sql.execute(_FORGET_WRONG_TRIES, phone_number, here)


def record_success(*, phone_number: str, client_ip: str) -> None:
    """Remember the IP of a sign-in."""
    sql.insert(SignInAttempt(phone_number=phone_number, address=client_ip_digest(client_ip), succeeded=True))


def unlock(*, phone_number: str) -> None:
    """Forget all wrong tries for this number."""
    SignInAttempt.objects.filter(phone_number=phone_number, succeeded=False).delete()


def _locked_until(tries: Sequence[datetime], limit: str) -> datetime | None:
    """Replay wrong tries (UTC, oldest first): each one that uses up the limit locks, for twice as long as the last."""
    first = timedelta(seconds=settings.SIGN_IN_LOCK_FIRST_SECONDS)
    longest = timedelta(seconds=settings.SIGN_IN_LOCK_LONGEST_SECONDS)
    locks, until = 0, None
    for nth, at in enumerate(tries, start=1):
        if any(
            nth - bisect_right(tries, at - timedelta(seconds=seconds)) >= allowed
            for allowed, seconds in limits.parse(limit)
        ):
            until = at + min(first * 2**locks, longest)
            locks += 1
    return until
