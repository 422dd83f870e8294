"""What nobody needs any longer, and deleting it: each kind of row once, with the rule that ends its life."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.utils import timezone
from knox.models import AuthToken
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from users.models import AuditRecord, ConfirmationCode, Delivery, LimitCounter, SignInAttempt
from users.sign_in import lockout
from users.sms import outbox
from users.statistics import totals

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Expiring:
    """A kind of row, and which of them have expired by now."""

    name: str
    expired: Callable[[], models.QuerySet[Any]]

    def purge(self) -> Iterator[int]:
        """Delete what has expired, a batch to a transaction, and yield the size of each.

        May run any number of times at once: rows that somebody else is at work on are left to them, or to the next
        time, so that nobody waits for this and this waits for nobody.
        """
        rows, last = self.expired().order_by("pk"), None
        while True:
            # On from where the last batch ended, for what was deleted still has to be passed over in an index.
            batch = rows.filter(pk__gt=last) if last is not None else rows
            with transaction.atomic():
                keys = batch.select_for_update(skip_locked=True).values_list("pk", flat=True)[:ROWS_AT_ONCE]
                doomed = list(keys)
                rows.model._default_manager.filter(pk__in=doomed).delete()
            if doomed:
                yield len(doomed)
                last = doomed[-1]
            if len(doomed) < ROWS_AT_ONCE:
                return


def _confirmation_codes() -> models.QuerySet[ConfirmationCode]:
    # The row also says when the number may ask again.
    now = timezone.now()
    return ConfirmationCode.objects.filter(expires_at__lt=now, resend_at__lt=now)


def _messages() -> models.QuerySet[Delivery]:
    since = timezone.now() - timedelta(days=settings.PERSONAL_DATA_MESSAGES_DAYS)
    outbox.forget_what_came_too_late()
    # Counted first: the totals of the statistics outlive the rows.
    return Delivery.objects.filter(expires_at__lt=timezone.now(), created_at__lt=min(since, totals.roll_up()))


def _sign_in_attempts() -> models.QuerySet[SignInAttempt]:
    return lockout.forgotten().filter(at__lt=totals.roll_up())


def _tokens() -> models.QuerySet[AuthToken]:
    expired: models.QuerySet[AuthToken] = AuthToken.objects.filter(expiry__lt=timezone.now())
    return expired


def _jwts() -> models.QuerySet[OutstandingToken]:
    # Those that were voided: no other is stored. The row of the voiding goes with them.
    return OutstandingToken.objects.filter(expires_at__lt=timezone.now())


def _browser_sessions() -> models.QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=timezone.now())


def _wrong_passwords() -> models.QuerySet[AccessAttempt]:
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    forgiven: models.QuerySet[AccessAttempt] = AccessAttempt.objects.filter(attempt_time__lt=since)
    return forgiven


def _audit_trail() -> models.QuerySet[AuditRecord]:
    since = timezone.now() - timedelta(days=settings.AUDIT_TRAIL_DAYS)
    return AuditRecord.objects.filter(at__lt=since)


def _counters_of_limits() -> models.QuerySet[LimitCounter]:
    return LimitCounter.objects.filter(expires_at__lt=timezone.now())


EVERYTHING = (
    Expiring("confirmation codes", _confirmation_codes),
    Expiring("messages", _messages),
    Expiring("sign-in attempts", _sign_in_attempts),
    Expiring("tokens", _tokens),
    Expiring("JWTs", _jwts),
    Expiring("sessions of browsers", _browser_sessions),
    Expiring("wrong passwords", _wrong_passwords),
    Expiring("audit trail", _audit_trail),
    Expiring("counters of limits", _counters_of_limits),
)
