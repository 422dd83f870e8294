"""Redeeming a confirmation code: sign-in by the code that was sent to a phone."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from common.database import sql
from users import audit, phones
from users.limits import limits
from users.models import ConfirmationCode
from users.refusals import (
    AccountDisabled,
    ConfirmationCodeExhausted,
    ConfirmationCodeExpired,
    ConfirmationCodeWrong,
    LongerCodeNeeded,
    ReferralCodeNotFound,
    SignInLocked,
    TooManyRequests,
    VerificationLinkInvalid,
)
from users.sign_in import code_length, first_sign_in, lockout, stored_codes
from users.sign_in.codes import sendings_of_address
from users.sign_in.first_sign_in import Newcomer, SignIn
from users.sign_in.lockout import Standing

Session = TypeVar("Session")

#: What `sign_in` may raise besides `PhoneNumberInvalid`, in the order of its checks. The last one comes from
#: `activation.activate`, and only at a first sign-in: its other rules never apply then, or don't prevent the sign-in.
SIGN_IN_REFUSALS = (
    TooManyRequests,
    LongerCodeNeeded,
    SignInLocked,
    ConfirmationCodeExpired,
    ConfirmationCodeExhausted,
    ConfirmationCodeWrong,
    AccountDisabled,
    ReferralCodeNotFound,
)

_USE_UP_CODE = "UPDATE users_confirmationcode SET used_at = %s, resend_at = %s WHERE id = %s"


@dataclass(frozen=True)
class _Attempt(Generic[Session]):
    """A code that is tried for a phone number; `verification_token` is None when no link was used."""

    phone_number: str
    client_ip: str
    confirmation_code: str = field(repr=False)
    newcomer: Newcomer
    open_session: Callable[[SignIn], Session]
    verification_token: uuid.UUID | None = None


class _WrongCode(Exception):
    """The code was compared with those that were sent, and is another; `tries_left` is for the next try."""

    def __init__(self, *, compared: int, tries_left: int) -> None:
        super().__init__()
        self.compared, self.tries_left = compared, tries_left


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
    phone_number = record.number
    return _try(
        _Attempt(phone_number, client_ip, confirmation_code, Newcomer(**newcomer), open_session, verification_token)
    )


def _try(attempt: _Attempt[Session]) -> Session:
    phone_number, client_ip = attempt.phone_number, attempt.client_ip
    is_known = partial(lockout.is_known, phone_number=phone_number, client_ip=client_ip)
    # A neighbour's failures must not stop an owner: their tries are limited by number and address.
    failed = limits.FAILED_SIGN_INS_PER_ADDRESS.of_address(client_ip).unless(is_known)
    wrong = code_length.wrong_try(length=len(attempt.confirmation_code), is_known=is_known)
    with limits.counting_failures(failed, *wrong) as refunds:
        # Only a code that is compared and wrong stays counted over everybody.
        refunds.on_refusal += wrong
        try:
            session, used = _redeem(attempt)
        except _WrongCode as compared:
            refunds.on_refusal.clear()
            for use in wrong * (compared.compared - 1):
                limits.charge(use)
            if not compared.tries_left:
                raise ConfirmationCodeExhausted from None
            raise ConfirmationCodeWrong(tries_left=compared.tries_left) from None
        refunds.on_success += used
    return session


def _redeem(attempt: _Attempt[Session]) -> tuple[Session, list[limits.Use]]:
    """Use a code up and open a session; return also what the sending gets back. Raises `_WrongCode`."""
    with transaction.atomic():
        codes = stored_codes.lock(attempt.phone_number)
        standing = lockout.admit(phone_number=attempt.phone_number, client_ip=attempt.client_ip)
        waiting = [
            code for code in codes if code.is_waiting and attempt.verification_token in (None, code.verification_token)
        ]
        if not waiting:
            raise ConfirmationCodeExpired
        compared = [code for code in waiting if code.tries_left(is_known=standing.is_known)]
        if not compared:
            raise ConfirmationCodeExhausted
        for code in compared:
            if stored_codes.matches(code, attempt.confirmation_code):
                return _sign_in(attempt, code, standing)
        for code in compared:
            code.record_wrong_try(is_known=standing.is_known)
        lockout.record_wrong_try(phone_number=attempt.phone_number, client_ip=attempt.client_ip, standing=standing)
    # Outside of the block: an exception would roll back the wrong try.
    tries_left = max(code.tries_left(is_known=standing.is_known) for code in compared)
    raise _WrongCode(compared=len(compared), tries_left=tries_left)


def _sign_in(
    attempt: _Attempt[Session], code: ConfirmationCode, standing: Standing
) -> tuple[Session, list[limits.Use]]:
    lockout.record_success(phone_number=attempt.phone_number, client_ip=attempt.client_ip, standing=standing)
    _use_up(code)
    by_link = attempt.verification_token is not None
    signed_in = first_sign_in.enter(code, attempt.newcomer, client_ip=attempt.client_ip, by_link=by_link)
    audit.record_sign_in_by_code(user=signed_in.user, client_ip=attempt.client_ip)
    return attempt.open_session(signed_in), _refunded_sending(attempt, code, signed_in, standing)


def _refunded_sending(
    attempt: _Attempt[Session], code: ConfirmationCode, signed_in: SignIn, standing: Standing
) -> list[limits.Use]:
    """Return the uses of limits that a used code gives back: it was requested in earnest."""
    if signed_in.has_come_back:  # registering and erasing in turns would send messages without a limit
        return []
    is_known = code.known_phone_number is not None
    refunded = [limits.CODES_PER_NUMBER_AND_ADDRESS.of_address(attempt.client_ip, attempt.phone_number)]
    if not is_known:
        refunded.append(limits.CODES_PER_NUMBER.of(attempt.phone_number))
    # Once a day for each number: its owner could earn by messages that they request and redeem.
    if not standing.signed_in_today:
        refunded.append(sendings_of_address(attempt.client_ip, is_known=is_known))
    return refunded


def _use_up(code: ConfirmationCode) -> None:
    now = timezone.now()
    # The number may ask for another code at once, to sign in on another device.
    sql.execute(_USE_UP_CODE, now, now, code.pk)
