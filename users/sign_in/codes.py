"""Sign-in by a one-time code that is sent to a phone."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Generic, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from common.database import sql
from common.http.client_ip import client_ip_digest
from users import audit, phones
from users.limits import limits
from users.models import ConfirmationCode
from users.refusals import (
    AccountDisabled,
    CodeRecentlySent,
    ConfirmationCodeExhausted,
    ConfirmationCodeExpired,
    ConfirmationCodeWrong,
    CountryNotServed,
    DeliveryUnavailable,
    ReferralCodeNotFound,
    SendingPaused,
    SignInLocked,
    TooManyCodes,
    TooManyRequests,
    VerificationLinkInvalid,
    seconds_between,
)
from users.sign_in import first_sign_in, lockout, stored_codes
from users.sign_in.first_sign_in import Newcomer, SignIn
from users.sms import channels, outbox, tasks

Session = TypeVar("Session")

#: What `send_code` may raise besides `PhoneNumberInvalid`, in the order of its checks.
SENDING_REFUSALS = (
    CountryNotServed,
    SignInLocked,
    TooManyCodes,
    TooManyRequests,
    SendingPaused,
    CodeRecentlySent,
    DeliveryUnavailable,
)
#: What `sign_in` may raise besides `PhoneNumberInvalid`, in the order of its checks. The last one comes from
#: `activation.activate`, and only at a first sign-in: its other rules never apply then, or don't prevent the sign-in.
SIGN_IN_REFUSALS = (
    TooManyRequests,
    SignInLocked,
    ConfirmationCodeExpired,
    ConfirmationCodeExhausted,
    ConfirmationCodeWrong,
    AccountDisabled,
    ReferralCodeNotFound,
)

# A code from later than the next one is due was sent by a clock that has been set back.
_REPLACE_IF_DUE = """
    ON CONFLICT (phone_number) DO UPDATE SET {new_values}
    WHERE kept.resend_at <= excluded.issued_at OR kept.issued_at > excluded.resend_at
"""
_USE_UP_CODE = "UPDATE users_confirmationcode SET used_at = %s, resend_at = %s WHERE id = %s"


@dataclass(frozen=True)
class SentCode:
    """A code that was sent. `confirmation_code` is in clear here only; times are UTC."""

    record: ConfirmationCode
    confirmation_code: str = field(repr=False)


@dataclass(frozen=True)
class _Attempt(Generic[Session]):
    """A code that is tried for a phone number; `verification_token` is None when no link was used."""

    phone_number: str
    client_ip: str
    confirmation_code: str = field(repr=False)
    newcomer: Newcomer
    open_session: Callable[[SignIn], Session]
    verification_token: uuid.UUID | None = None


def send_code(*, phone_number: str, client_ip: str, username: str = "") -> SentCode:
    """Send a new code to a phone number; it replaces the previous one. Does not reveal whether the user exists.

    `client_ip` comes from `client_ip_of`. Raises `PhoneNumberInvalid` or one of `SENDING_REFUSALS`. Only a sent
    code counts towards the limits; after `DeliveryUnavailable` the number can ask again at once.
    """
    phone_number = phones.normalize(phone_number)
    country = phones.served_country(phone_number)
    lockout.refuse_if_locked(phone_number=phone_number, client_ip=client_ip)
    is_known = partial(lockout.is_known, phone_number=phone_number, client_ip=client_ip)
    with limits.reserved(
        limits.CODES_PER_NUMBER_AND_ADDRESS.of(phone_number, client_ip),
        limits.CODES_PER_ADDRESS.of(client_ip),
        limits.CODES_PER_COUNTRY.of(country),
        limits.CODES.of(),
        # Requests of strangers must not keep the owner from a code.
        limits.CODES_PER_NUMBER.of(phone_number).unless(is_known),
    ):
        return _send(phone_number, username, client_ip)


@sensitive_variables("code", "text")
def _send(phone_number: str, username: str, client_ip: str) -> SentCode:
    length = settings.CONFIRMATION_CODE_LENGTH
    code = f"{secrets.randbelow(10**length):0{length}}"
    text = _("Your code is %(code)s. Tell it to nobody.") % {"code": code}
    with transaction.atomic():
        record = _save_code(phone_number, code, username, client_ip)
        message = outbox.open_for(record, text)
    try:
        # After the commit, so that a worker finds the row.
        tasks.deliver(delivery_id=message.pk)
    except channels.DeliveryFailed as failure:
        ConfirmationCode.objects.filter(verification_token=record.verification_token).delete()
        raise DeliveryUnavailable(retry_after=5) from failure
    return SentCode(record, code)


@sensitive_variables("code")
def _save_code(phone_number: str, code: str, username: str, client_ip: str) -> ConfirmationCode:
    now = timezone.now()
    token = uuid.uuid4()
    record = ConfirmationCode(
        phone_number=phone_number,
        username=username,
        address=client_ip_digest(client_ip) if username else "",
        digest=stored_codes.digest_of(code, token, phone_number),
        verification_token=token,
        issued_at=now,
        expires_at=now + timedelta(seconds=settings.CONFIRMATION_CODE_LIFETIME_SECONDS),
        resend_at=now + timedelta(seconds=settings.CONFIRMATION_CODE_RESEND_SECONDS),
    )
    # Under concurrency exactly one upsert succeeds.
    if not sql.insert(record, on_conflict=_REPLACE_IF_DUE):
        waiting = ConfirmationCode.objects.filter(phone_number=phone_number).first()
        resend_at = waiting.resend_at if waiting else now
        raise CodeRecentlySent(retry_after=seconds_between(now, resend_at))
    return record


@sensitive_variables("confirmation_code")
def sign_in(
    *,
    phone_number: str,
    confirmation_code: str,
    client_ip: str,
    open_session: Callable[[SignIn], Session],
    **newcomer: str,
) -> Session:
    """Sign in with the code of a phone number; the first sign-in creates the user as `newcomer` (`Newcomer`) says.

    Returns what `open_session` returns; it is called in the transaction that uses the code up, so that the code is
    still valid if it fails. `client_ip` comes from `client_ip_of`. Raises `PhoneNumberInvalid` or one of
    `SIGN_IN_REFUSALS`; after `AccountDisabled` and `ReferralCodeNotFound` the code is still valid.
    """
    phone_number = phones.normalize(phone_number)
    return _try(_Attempt(phone_number, client_ip, confirmation_code, Newcomer(**newcomer), open_session))


@sensitive_variables("confirmation_code")
def sign_in_by_link(
    *,
    verification_token: uuid.UUID,
    confirmation_code: str,
    client_ip: str,
    open_session: Callable[[SignIn], Session],
    **newcomer: str,
) -> Session:
    """Sign in as `sign_in` does, with the phone number of a link. Raises also `VerificationLinkInvalid`."""
    record = ConfirmationCode.objects.filter(verification_token=verification_token).first()
    if record is None:
        limits.take(limits.FAILED_SIGN_INS_PER_ADDRESS.of(client_ip))
        raise VerificationLinkInvalid
    phone_number = record.phone_number
    return _try(
        _Attempt(phone_number, client_ip, confirmation_code, Newcomer(**newcomer), open_session, verification_token)
    )


def _try(attempt: _Attempt[Session]) -> Session:
    with limits.counting_failures(limits.FAILED_SIGN_INS_PER_ADDRESS.of(attempt.client_ip)) as refunded:
        signed_in, session = _redeem(attempt)
        # A successful sign-in refunds the sending limits; not after an erasure, which could be repeated without limit.
        if not signed_in.has_come_back:
            refunded += [
                limits.CODES_PER_NUMBER_AND_ADDRESS.of(attempt.phone_number, attempt.client_ip),
                limits.CODES_PER_NUMBER.of(attempt.phone_number),
            ]
    return session


def _redeem(attempt: _Attempt[Session]) -> tuple[SignIn, Session]:
    with transaction.atomic():
        record = stored_codes.lock(attempt.phone_number)
        lockout.refuse_if_locked(phone_number=attempt.phone_number, client_ip=attempt.client_ip)
        if (
            record is None
            or not record.is_waiting
            or attempt.verification_token not in (None, record.verification_token)
        ):
            raise ConfirmationCodeExpired
        if not record.tries_left:
            raise ConfirmationCodeExhausted
        if stored_codes.matches(record, attempt.confirmation_code):
            lockout.record_success(phone_number=attempt.phone_number, client_ip=attempt.client_ip)
            _use_up_code(record)
            by_link = attempt.verification_token is not None
            signed_in = first_sign_in.enter(record, attempt.newcomer, client_ip=attempt.client_ip, by_link=by_link)
            audit.record_sign_in_by_code(user=signed_in.user, client_ip=attempt.client_ip)
            return signed_in, attempt.open_session(signed_in)
        record.wrong_tries += 1
        record.save(update_fields=["wrong_tries"])
        lockout.record_wrong_try(phone_number=attempt.phone_number, client_ip=attempt.client_ip)
    # Outside of the block: an exception would roll back the wrong try.
    if not record.tries_left:
        raise ConfirmationCodeExhausted
    raise ConfirmationCodeWrong(tries_left=record.tries_left)


def _use_up_code(record: ConfirmationCode) -> None:
    now = timezone.now()
    # The number may ask for another code at once, to sign in on another device.
    sql.execute(_USE_UP_CODE, now, now, record.pk)
