"""Referral rules: whose code it is, and activating it: once in a lifetime, never one's own, never in a circle."""

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from users import limits, locks, referral_codes
from users.exceptions import (
    AccountDisabled,
    ActivationWindowClosed,
    AlreadyActivated,
    OwnReferralCode,
    ReferralCircle,
    ReferralCodeNotFound,
)
from users.models import Referral, User


def owner_of(*, referral_code: str, address: str) -> User:
    """Return the active person whose invite code this is, however it was typed.

    `address` is the client's (`client_address.of`). Raises `TooManyRequests` or `ReferralCodeNotFound`.
    """
    limits.take(limits.REFERRAL_CODE_LOOKUPS_PER_ADDRESS.of(address))
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
    user = _reread(user)
    if user.used_referral_code is not None:
        if user.used_referral_code == typed:
            return user.invitation
        raise AlreadyActivated
    if inviter is None:
        raise ReferralCodeNotFound
    if (deadline := user.activation_deadline) and timezone.now() > deadline:
        raise ActivationWindowClosed(days=settings.REFERRAL_WINDOW_DAYS)
    if head == user.pk and not settings.REFERRAL_ALLOW_CIRCLES:
        raise ReferralCircle

    referral = Referral.objects.create(invited=user, inviter=inviter, referral_code=typed)
    # Last before the commit, because everyone who comes with this inviter waits for this row.
    if not User.objects.filter(pk=inviter.pk, is_active=True).update(referrals_count=F("referrals_count") + 1):
        raise ReferralCodeNotFound
    return referral


def _owner(referral_code: str) -> User | None:
    return User.objects.filter(referral_code=referral_code, is_active=True).first()


def _reread(user: User) -> User:
    try:
        return User.objects.select_related("invitation").get(pk=user.pk)
    except User.DoesNotExist:
        raise AccountDisabled from None


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
            WITH RECURSIVE chain(id) AS (
                SELECT CAST(%s AS bigint)
                UNION
                SELECT inviter_id FROM users_referral JOIN chain ON invited_id = chain.id WHERE inviter_id IS NOT NULL
            )
            SELECT id FROM chain WHERE NOT EXISTS (
                SELECT 1 FROM users_referral WHERE invited_id = chain.id AND inviter_id IS NOT NULL
            )
            """,
            [member.pk],
        )
        row = cursor.fetchone()
    return row[0] if row else None
