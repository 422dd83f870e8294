"""The referrals of one inviter, newest first. The index `referral_by_inviter` serves every function here."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from common.database import sql
from users.models import Referral, User

#: `Referral.Meta.ordering` in SQL.
_NEWEST_FIRST = "ORDER BY activated_at DESC, users_referral.id DESC"
# Hand-written, because every profile has it (see `sql`).
_PHONE_NUMBERS = f"""
    SELECT phone_number FROM users_referral JOIN users_user ON users_user.id = invited_id
    WHERE inviter_id = %s {_NEWEST_FIRST} LIMIT %s
"""  # noqa: S608  constants only
_INVITED = f"""
    SELECT * FROM (
        SELECT inviter_id, invited_id FROM users_referral WHERE inviter_id = %s {_NEWEST_FIRST} LIMIT %s
    ) AS newest
"""  # noqa: S608  constants only


def referrals_of(inviter: User) -> QuerySet[Referral]:
    """Return all referrals of a user; `invited` is null for an erased user."""
    return Referral.objects.filter(inviter_id=inviter.pk)


def older_than(referral: Referral) -> Q:
    """Return the condition for what follows `referral`: a page costs the same wherever it starts."""
    is_older = Q(activated_at__lt=referral.activated_at) | Q(pk__lt=referral.pk)
    return Q(activated_at__lte=referral.activated_at) & is_older  # the index can seek to the first condition only


def phone_numbers(inviter: User, *, limit: int) -> list[str]:
    """Return the phone numbers (E.164) of the newest referrals, without erased users."""
    if not inviter.referrals_count:
        return []
    return [phone_number for (phone_number,) in sql.rows(_PHONE_NUMBERS, inviter.pk, limit)]


def invited_by(inviters: Iterable[int], *, limit: int) -> list[tuple[int, int | None]]:
    """Return (inviter id, invited id) of the newest referrals, up to `limit` for each inviter, in one query."""
    ids = sorted(inviters)
    if not ids:
        return []
    return sql.rows(" UNION ALL ".join([_INVITED] * len(ids)), *(value for pk in ids for value in (pk, limit)))
