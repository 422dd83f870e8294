"""Lockout of a phone number after wrong codes, except for IPs that it has signed in from lately."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from common.database import sql
from common.http.client_ip import client_ip_digest, client_ip_digests
from users.limits import limits
from users.models import SignInAttempt
from users.refusals import SignInLocked, seconds_between

_WRONG_TRIES_COUNT_FOR = timedelta(days=30)
_WRONG_TRIES = """
    SELECT id, at, address FROM users_signinattempt WHERE phone_number = %s AND NOT succeeded AND at > %s ORDER BY at
"""
_FORGET_WRONG_TRIES = "DELETE FROM users_signinattempt WHERE phone_number = %s AND NOT succeeded AND address = %s"


def refuse_if_locked(*, phone_number: str, client_ip: str) -> None:
    """Raise `SignInLocked` while the number is locked for this client.

    Does not reveal whether the user exists. The lock of the number does not apply to an IP that it has signed in from
    during KNOWN_ADDRESS_DAYS, so that attackers can't lock the owner out; each IP has a lock of its own besides.
    """
    now = timezone.now()
    here = client_ip_digests(client_ip)
    tries = sql.find(SignInAttempt, _WRONG_TRIES, phone_number, now - _WRONG_TRIES_COUNT_FOR)
    until = _locked_until([each.at for each in tries], settings.LIMIT_WRONG_TRIES_PER_NUMBER)
    if until and until > now and is_known(phone_number=phone_number, client_ip=client_ip):
        until = None
    from_here = [each.at for each in tries if each.address in here]
    until_here = _locked_until(from_here, settings.LIMIT_WRONG_TRIES_PER_NUMBER_AND_ADDRESS)
    if (latest := max(filter(None, (until, until_here)), default=now)) > now:
        raise SignInLocked(retry_after=seconds_between(now, latest))


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


def record_wrong_try(*, phone_number: str, client_ip: str) -> None:
    SignInAttempt.objects.create(phone_number=phone_number, address=client_ip_digest(client_ip), succeeded=False)


def record_success(*, phone_number: str, client_ip: str) -> None:
    """Remember the IP, and forget the wrong tries from it (NIST SP 800-63B, section 5.2.2)."""
    for here in client_ip_digests(client_ip):
        sql.execute(_FORGET_WRONG_TRIES, phone_number, here)
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
