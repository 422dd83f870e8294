"""Phone numbers that an account has left, by erasure or by a change of the number: a keyed digest of each."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Max, Value, When
from django.utils import timezone

from common import digests
from common.database import bulk, sql
from users.phones import PhoneNumber

if TYPE_CHECKING:
    from users.models.people import User

#: For hand-written SQL over `users_user`: a column that fills `User.fetched_number_was_here_before`. Its placeholder
#: takes `memory_start()`.
NUMBER_WAS_HERE_BEFORE = """
    EXISTS (
        SELECT 1 FROM users_formernumber WHERE account_id = users_user.id AND came_back AND left_at > %s
    ) AS fetched_number_was_here_before
"""

_ARRIVE = """
    UPDATE users_formernumber SET came_back = came_back OR account_id IS NULL OR account_id <> %s, account_id = %s
    WHERE left_at > %s AND digest IN ({digests}) RETURNING came_back
"""


def memory_start() -> datetime:
    """Return the time (UTC) since which numbers that were left are remembered."""
    return timezone.now() - timedelta(days=settings.NUMBER_MEMORY_DAYS)


class FormerNumberManager(models.Manager["FormerNumber"]):
    """Its methods belong into the transaction that creates, changes or erases the account."""

    def leave(self, user: "User", *, account: "User | None") -> None:
        """Remember that `user` leaves its number; `account` is the same user if it stays, with another number.

        A number that staff gave by mistake, and that the user did not use before it changed again, is not remembered.
        """
        if not settings.NUMBER_MEMORY_DAYS:
            return
        referral = getattr(user, "invitation", None)
        inviter = {"inviter_id": referral.inviter_id} if referral and referral.inviter_id else {}
        stored = _digests(user.phone_number)
        keeps = When(account_id=account.pk, then=F("came_back")) if account else None
        came_back = Case(keeps, default=Value(False)) if keeps else Value(False)
        if self.filter(pk__in=stored).update(left_at=timezone.now(), account=account, came_back=came_back, **inviter):
            return
        if account is None or not self._is_unused(user):
            self.create(digest=stored[0], account=account, **inviter)

    def arrive(self, user: "User") -> bool:
        """Record that `user` has its number now. Return True if another account had it before.

        Call it when the row of `user` is written: that waits for an erasure of the same number to commit.
        """
        stored = _digests(user.phone_number)
        statement = _ARRIVE.format(digests=", ".join(["%s"] * len(stored)))
        return any(came_back for (came_back,) in sql.rows(statement, user.pk, user.pk, memory_start(), *stored))

    def are_behind(self, user: "User") -> bool:
        """Return True if an account before this one had a number of `user`."""
        return self.filter(account_id=user.pk, came_back=True, left_at__gt=memory_start()).exists()

    def _is_unused(self, user: "User") -> bool:
        given_at = self.filter(account_id=user.pk).aggregate(latest=Max("left_at"))["latest"]
        referral = getattr(user, "invitation", None)
        uses = [at for at in (user.last_login, referral and referral.activated_at) if at]
        return given_at is not None and all(at <= given_at for at in uses)


class FormerNumber(models.Model):
    """A number that an account has left; kept for NUMBER_MEMORY_DAYS, so that one number is one referral.

    The references have no constraint: a release that does not know this table can still delete a user.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    left_at = models.DateTimeField(default=timezone.now, db_index=True)
    #: The account that left it, or the one that has it now; null after the erasure of that account.
    account = models.ForeignKey("User", models.SET_NULL, null=True, db_constraint=False, related_name="+")
    #: True if `account` is another account than the one that left it.
    came_back = models.BooleanField(default=False)
    #: Who had invited the account that left it: no circle closes over an erased account.
    inviter = models.ForeignKey("User", models.SET_NULL, null=True, db_constraint=False, related_name="+")

    objects = FormerNumberManager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.digest[:8]}, {self.left_at:%Y-%m-%d}"


def known_numbers(phone_numbers: Iterable[PhoneNumber]) -> set[PhoneNumber]:
    """Return those numbers that an account has left, in one query."""
    by_digest = {digest: number for number in phone_numbers for digest in _digests(number)}
    left = [digest for (digest,) in bulk.found(FormerNumber, "digest", list(by_digest))]
    known = FormerNumber.objects.filter(pk__in=left, left_at__gt=memory_start())
    return {by_digest[digest] for digest in known.values_list("pk", flat=True)}


def _digests(phone_number: str) -> list[str]:
    """Return the digest to store, and those that may be stored: by SECRET_KEY_FALLBACKS, if SECRET_KEY is the key."""
    purpose, text = "users.number_memory", str(phone_number)
    if settings.NUMBER_MEMORY_KEY:
        return [digests.keyed(purpose, text, secret_key=settings.NUMBER_MEMORY_KEY)]
    return digests.all_keyed(purpose, text)
