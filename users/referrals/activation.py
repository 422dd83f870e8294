"""Activation of an invite code: once for each number, never one's own code, never a circle of inviters."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.database import locks, sql
from users import events, referral_codes
from users.limits import limits
from users.models import NUMBER_WAS_HERE_BEFORE, USED_REFERRAL_CODE, Referral, User, memory_start
from users.refusals import (
    AccountDisabled,
    ActivationWindowClosed,
    AlreadyActivated,
    NumberWasHereBefore,
    OwnReferralCode,
    ReferralCircle,
    ReferralCodeNotFound,
)

#: What `activate` may raise, in the order of its checks: where several apply, the first one is the answer.
REFUSALS = (
    OwnReferralCode,
    AccountDisabled,
    AlreadyActivated,
    NumberWasHereBefore,
    ReferralCodeNotFound,
    ActivationWindowClosed,
    ReferralCircle,
)

_OWNER = """
    SELECT * FROM users_user WHERE referral_code IN (%s, %s) AND is_active ORDER BY referral_code = %s DESC LIMIT 1
"""
_USER = f"""
    SELECT *, {USED_REFERRAL_CODE}, {NUMBER_WAS_HERE_BEFORE} FROM users_user WHERE id = %s
"""  # noqa: S608  constants only
#: Both have changed: the invited user has used a code.
_COUNT = """
    UPDATE users_user SET referrals_count = referrals_count + CASE id WHEN %s THEN 1 ELSE 0 END, updated_at = %s
    WHERE id IN (%s, %s) AND (id = %s OR is_active)
"""
# A number that came back keeps its former inviter: erasing an account and coming back closes no circle.
_INVITER = """
    COALESCE(
        (SELECT inviter_id FROM users_referral WHERE invited_id = {member}),
        (SELECT inviter_id FROM users_formernumber
         WHERE account_id = {member} AND came_back AND left_at > %s AND inviter_id IS NOT NULL
         ORDER BY left_at DESC LIMIT 1)
    )
"""
_HEAD_OF_CHAIN = f"""
    WITH RECURSIVE chain(id, inviter_id) AS (
        SELECT id, {_INVITER.format(member="users_user.id")} FROM users_user WHERE id = %s
        UNION
        SELECT inviter_id, {_INVITER.format(member="chain.inviter_id")} FROM chain WHERE inviter_id IS NOT NULL
    )
    SELECT id FROM chain WHERE inviter_id IS NULL
"""  # noqa: S608  constants only


def owner_of(*, referral_code: str, client_ip: str) -> User:
    """Return the active user who has this invite code, typed in any case, with spaces or dashes.

    `client_ip` comes from `client_ip_of`. Raises `TooManyRequests` or `ReferralCodeNotFound`.
    """
    # Offices, carriers and the preview robots of messengers are one address: only codes that nobody has count.
    with limits.counting_failures(limits.REFERRAL_CODE_LOOKUPS_PER_ADDRESS.of_address(client_ip)):
        owner = _owner(referral_codes.readings(referral_code))
        if owner is None:
            raise ReferralCodeNotFound
    return owner


# A first sign-in runs these rules too (`sign_in.redeeming`). Only ReferralCodeNotFound can refuse a new user there.
@transaction.atomic
def activate(*, user: User, referral_code: str, activated_at: datetime | None = None) -> Referral:
    """Record that the owner of `referral_code` invited `user`. Repeating the same code changes nothing.

    `activated_at` (UTC) is the time at which it happened elsewhere, by default now.

    Raises one of `REFUSALS`.
    """
    now = activated_at or timezone.now()
    # These need no lock: invite codes never change, and `_COUNT` checks again that the inviter is active.
    readings = referral_codes.readings(referral_code)
    inviter = _owner(readings)
    if user.referral_code in readings and inviter in (None, user):
        raise OwnReferralCode
    head = _lock(user, inviter) if inviter else None

    # What is read from here on stays true until the commit.
    newcomer = _reread(user)
    user.fetched_used_referral_code = newcomer.used_referral_code
    if newcomer.used_referral_code is not None:  # before the inviter is looked at: the inviter may have been erased
        if newcomer.used_referral_code in ([inviter.referral_code] if inviter else readings):
            return newcomer.invitation
        raise AlreadyActivated
    if newcomer.number_was_here_before:
        raise NumberWasHereBefore
    if inviter is None:
        raise ReferralCodeNotFound
    if (deadline := newcomer.activation_deadline) and now > deadline:
        raise ActivationWindowClosed(days=settings.REFERRAL_WINDOW_DAYS)
    if head == newcomer.pk and not settings.REFERRAL_ALLOW_CIRCLES:
        raise ReferralCircle

    referral = Referral(invited=newcomer, inviter=inviter, referral_code=inviter.referral_code, activated_at=now)
    sql.insert(referral)
    events.referrals_activated(referral)
    # Last before the commit: concurrent activations of the same code wait for this row.
    both = (inviter.pk, newcomer.pk)
    if sql.execute(_COUNT, inviter.pk, timezone.now(), *both, newcomer.pk) < len(both):
        raise ReferralCodeNotFound
    user.fetched_used_referral_code = inviter.referral_code
    return referral


def _owner(readings: list[str]) -> User | None:
    """Return the active owner of the first of these codes that somebody has; there are two at most."""
    return sql.find_one(User, _OWNER, readings[0], readings[-1], readings[0]) if readings else None


def _reread(user: User) -> User:
    if reread := sql.find_one(User, _USER, memory_start(), user.pk):
        return reread
    raise AccountDisabled  # erased since


def _lock(user: User, inviter: User) -> int | None:
    """Lock the user, the inviter and the head of the inviter's chain, and return the head's id.

    A circle closes only when the head of a chain joins a user below it. A user who joins holds their own lock
    exclusively and the head's lock shared, so no head can join while another user joins its chain.
    """
    while True:
        with transaction.atomic():
            head = _head_of_chain(inviter)
            locks.lock_ids(exclusive=user.pk, shared={inviter.pk, head or inviter.pk})
            if _head_of_chain(inviter) == head:
                return head
            # The head has joined another chain: release the locks, or two such users could deadlock, and retry.
            transaction.set_rollback(True)


def _head_of_chain(member: User) -> int | None:
    """Return the id of the uninvited user at the top; None for a circle, made while REFERRAL_ALLOW_CIRCLES was set."""
    since = memory_start()
    rows = sql.rows(_HEAD_OF_CHAIN, since, member.pk, since)
    return rows[0][0] if rows else None
