"""Referral rules: whose code it is, and activating it: once in a lifetime, never one's own, never in a circle."""

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from common.database import locks, sql
from users import referral_codes
from users.limits import limits
from users.models import Referral, User
from users.refusals import (
    AccountDisabled,
    ActivationWindowClosed,
    AlreadyActivated,
    OwnReferralCode,
    ReferralCircle,
    ReferralCodeNotFound,
)

_OWNER = "SELECT * FROM users_user WHERE referral_code = %s AND is_active"
_PERSON = """
    SELECT person.*, invitation.referral_code AS used_referral_code
    FROM users_user AS person LEFT JOIN users_referral AS invitation ON invitation.invited_id = person.id
    WHERE person.id = %s
"""
_COUNT = "UPDATE users_user SET referrals_count = referrals_count + 1 WHERE id = %s AND is_active"


def owner_of(*, referral_code: str, client_ip: str) -> User:
    """Return the active person whose invite code this is, however it was typed.

    `client_ip` comes from `client_ip_of`. Raises `TooManyRequests` or `ReferralCodeNotFound`.
    """
    limits.take(limits.REFERRAL_CODE_LOOKUPS_PER_ADDRESS.of(client_ip))
    owner = _owner(referral_codes.normalize(referral_code))
    if owner is None:
        raise ReferralCodeNotFound
    return owner


@transaction.atomic
def activate(*, user: User, referral_code: str) -> Referral:
    """Record that `user` came with the owner of `referral_code`. The same code once more changes nothing.

    Raises `OwnReferralCode`, `AlreadyActivated`, `ReferralCodeNotFound`, `ActivationWindowClosed` or `ReferralCircle`.
    """
    typed = referral_codes.normalize(referral_code)
    if typed == user.referral_code:
        raise OwnReferralCode
    inviter = _owner(typed)
    head = _hold_still(user, inviter) if inviter else None

    # Only what is read from here on is sure to stay true until the commit.
    newcomer = _reread(user)
    user.used_referral_code = newcomer.used_referral_code
    if newcomer.used_referral_code is not None:
        if newcomer.used_referral_code == typed:
            return newcomer.invitation
        raise AlreadyActivated
    if inviter is None:
        raise ReferralCodeNotFound
    if (deadline := newcomer.activation_deadline) and timezone.now() > deadline:
        raise ActivationWindowClosed(days=settings.REFERRAL_WINDOW_DAYS)
    if head == newcomer.pk and not settings.REFERRAL_ALLOW_CIRCLES:
        raise ReferralCircle

    referral = Referral(invited=newcomer, inviter=inviter, referral_code=typed)
    sql.insert(referral)
    # Last before the commit, because everyone who comes with this inviter waits for this row.
    if not sql.execute(_COUNT, inviter.pk):
        raise ReferralCodeNotFound
    user.used_referral_code = typed
    return referral


def _owner(referral_code: str) -> User | None:
    return sql.find_one(User, _OWNER, referral_code)


def _reread(user: User) -> User:
    if reread := sql.find_one(User, _PERSON, user.pk):
        return reread
    raise AccountDisabled


def _hold_still(user: User, inviter: User) -> int | None:
    """Lock the user, the inviter and the head of the inviter's chain, and return the head's id.

    A circle closes only when the head of a chain joins somebody below. Whoever joins holds themselves exclusively,
    and the head that they join shared: so no head moves while somebody hangs a new branch under it.
    """
    while True:
        with transaction.atomic():
            head = _head_of_chain(inviter)
            locks.hold(exclusively=user.pk, shared={inviter.pk, head or inviter.pk})
            if _head_of_chain(inviter) == head:
                return head
            # The head joined somebody meanwhile: let go of it, so that nobody waits in a ring, and look again.
            transaction.set_rollback(True)


def _head_of_chain(member: User) -> int | None:
    """Return the id of the one whom nobody invited; None if a circle from a time when they were allowed has no head."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE chain(id, inviter_id) AS (
                SELECT id, (SELECT inviter_id FROM users_referral WHERE invited_id = users_user.id)
                FROM users_user WHERE id = %s
                UNION
                SELECT inviter_id, (SELECT inviter_id FROM users_referral WHERE invited_id = chain.inviter_id)
                FROM chain WHERE inviter_id IS NOT NULL
            )
            SELECT id FROM chain WHERE inviter_id IS NULL
            """,
            [member.pk],
        )
        row = cursor.fetchone()
    return row[0] if row else None
