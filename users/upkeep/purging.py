"""Deletes expired rows: every kind of row with the rule of its expiry."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from users.models import (
    UNDO_DAYS,
    AuditRecord,
    ConfirmationCode,
    Delivery,
    Event,
    FormerNumber,
    IdempotencyKey,
    LimitCounter,
    NumberChange,
    ServiceKey,
    SignInAttempt,
    memory_start,
)
from users.people import jwt_sessions, open_sessions, sessions
from users.sign_in import lockout
from users.sms import outbox
from users.statistics import totals

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Expiring:
    """A kind of row and the query for its expired rows."""

    name: str
    expired: Callable[[], models.QuerySet[Any]]

    def purge(self) -> Iterator[int]:
        """Delete expired rows in batches, one transaction for each, and yield the size of each batch.

        Skips locked rows, so that concurrent purges and requests don't wait for each other; the next purge takes them.
        """
        rows, last = self.expired().order_by("pk"), None
        while True:
            # Continue after the last batch: the index still contains deleted rows, which would be scanned again.
            batch = rows.filter(pk__gt=last) if last is not None else rows
            with transaction.atomic():
                keys = batch.select_for_update(skip_locked=True).values_list("pk", flat=True)[:ROWS_AT_ONCE]
                expired = list(keys)
                rows.model._default_manager.filter(pk__in=expired).delete()
            if expired:
                yield len(expired)
                last = expired[-1]
            if len(expired) < ROWS_AT_ONCE:
                return


def _confirmation_codes() -> models.QuerySet[ConfirmationCode]:
    # The row also holds the time at which the number may request the next code.
    now = timezone.now()
    return ConfirmationCode.objects.filter(expires_at__lt=now, resend_at__lt=now)


def _messages() -> models.QuerySet[Delivery]:
    since = timezone.now() - timedelta(days=settings.PERSONAL_DATA_MESSAGES_DAYS)
    outbox.erase_expired_texts()
    # Roll up first: the totals must count the rows before they are deleted.
    return Delivery.objects.filter(expires_at__lt=timezone.now(), created_at__lt=min(since, totals.roll_up()))


def _sign_in_attempts() -> models.QuerySet[SignInAttempt]:
    return lockout.expired_attempts().filter(at__lt=totals.roll_up())


def _wrong_passwords() -> models.QuerySet[AccessAttempt]:
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    forgiven: models.QuerySet[AccessAttempt] = AccessAttempt.objects.filter(attempt_time__lt=since)
    return forgiven


def _audit_trail() -> models.QuerySet[AuditRecord]:
    since = timezone.now() - timedelta(days=settings.AUDIT_TRAIL_DAYS)
    return AuditRecord.objects.filter(at__lt=since)


def _events() -> models.QuerySet[Event]:
    return Event.objects.filter(at__lt=timezone.now() - timedelta(days=settings.EVENTS_DAYS))


def _former_numbers() -> models.QuerySet[FormerNumber]:
    return FormerNumber.objects.filter(left_at__lt=memory_start())


def _number_changes() -> models.QuerySet[NumberChange]:
    return NumberChange.objects.filter(changed_at__lt=timezone.now() - timedelta(days=UNDO_DAYS))


def _service_keys() -> models.QuerySet[ServiceKey]:
    # As long as the audit trail, which names them.
    since = timezone.now() - timedelta(days=settings.AUDIT_TRAIL_DAYS)
    return ServiceKey.objects.filter(models.Q(expires_at__lt=since) | models.Q(revoked_at__lt=since))


def _counters_of_limits() -> models.QuerySet[LimitCounter]:
    return LimitCounter.objects.filter(expires_at__lt=timezone.now())


def _idempotency_keys() -> models.QuerySet[IdempotencyKey]:
    return IdempotencyKey.objects.filter(expires_at__lt=timezone.now())


EVERYTHING = (
    Expiring("confirmation codes", _confirmation_codes),
    Expiring("messages", _messages),
    Expiring("sign-in attempts", _sign_in_attempts),
    Expiring("tokens", sessions.expired_token_sessions),
    Expiring("rows about sessions", open_sessions.expired),
    Expiring("JWT sessions", jwt_sessions.expired_jwt_sessions),
    Expiring("voided JWTs", jwt_sessions.expired_voided_jwts),
    Expiring("sessions of browsers", sessions.expired_web_sessions),
    Expiring("wrong passwords", _wrong_passwords),
    Expiring("audit trail", _audit_trail),
    Expiring("events", _events),
    Expiring("former numbers", _former_numbers),
    Expiring("number changes", _number_changes),
    Expiring("service keys", _service_keys),
    Expiring("idempotency keys", _idempotency_keys),
    Expiring("counters of limits", _counters_of_limits),
)
