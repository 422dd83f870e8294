"""Trying a code: what it is compared with, and what a wrong one costs. The same for every purpose."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from django.db import transaction
from django.utils import timezone

from common.database import sql
from users.limits import limits
from users.models import ConfirmationCode, fixed_code_of
from users.refusals import (
    ConfirmationCodeExhausted,
    ConfirmationCodeExpired,
    ConfirmationCodeWrong,
    LongerCodeNeeded,
    SignInLocked,
    TooManyRequests,
)
from users.sign_in import code_length, lockout, stored_codes
from users.sign_in.lockout import Standing
from users.sign_in.stored_codes import Binding

Outcome = TypeVar("Outcome")
#: What the right code leads to, and the uses of limits that it gives back.
Accepted = tuple[Outcome, list[limits.Use]]

#: What `enter` may raise by itself, in the order of its checks.
REFUSALS = (
    TooManyRequests,
    LongerCodeNeeded,
    SignInLocked,
    ConfirmationCodeExpired,
    ConfirmationCodeExhausted,
    ConfirmationCodeWrong,
)

_USE_UP_CODE = "UPDATE users_confirmationcode SET used_at = %s, resend_at = %s WHERE id = %s"


@dataclass(frozen=True)
class Attempt(Generic[Outcome]):
    """A code that is tried for a phone number; `verification_token` is None when no link was used."""

    phone_number: str
    client_ip: str
    confirmation_code: str = field(repr=False)
    #: Called in the transaction that uses the code up: the code stays valid if it fails.
    accept: Callable[[ConfirmationCode, Standing], Accepted[Outcome]]
    binding: Binding = stored_codes.SIGN_IN
    verification_token: uuid.UUID | None = None

    def is_for(self, code: ConfirmationCode) -> bool:
        is_named = self.verification_token in (None, code.verification_token)
        return code.is_waiting and is_named and stored_codes.is_for(code, self.binding)


class _WrongCode(Exception):
    """The code was compared with those that were sent, and is another; `tries_left` is for the next try."""

    def __init__(self, *, compared: int, tries_left: int) -> None:
        super().__init__()
        self.compared, self.tries_left = compared, tries_left


def enter(attempt: Attempt[Outcome]) -> Outcome:
    """Return what `accept` returns for the right code. Raises one of `REFUSALS`, or what `accept` raises."""
    phone_number, client_ip = attempt.phone_number, attempt.client_ip
    is_known = partial(lockout.is_known, phone_number=phone_number, client_ip=client_ip)
    # A neighbour's failures must not stop an owner: their tries are limited by number and address.
    failed = limits.FAILED_SIGN_INS_PER_ADDRESS.of_address(client_ip).unless(is_known)
    wrong = code_length.wrong_try(length=len(attempt.confirmation_code), is_known=is_known)
    if fixed_code_of(phone_number):  # its code has a fixed length
        wrong = []
    with limits.counting_failures(failed, *wrong) as refunds:
        # Only a code that is compared and wrong stays counted over everybody.
        refunds.on_refusal += wrong
        try:
            outcome, given_back = _compare(attempt)
        except _WrongCode as compared:
            refunds.on_refusal.clear()
            for use in wrong * (compared.compared - 1):
                limits.charge(use)
            if not compared.tries_left:
                raise ConfirmationCodeExhausted from None
            raise ConfirmationCodeWrong(tries_left=compared.tries_left) from None
        refunds.on_success += given_back
    return outcome


def _compare(attempt: Attempt[Outcome]) -> Accepted[Outcome]:
    """Compare a code with those that were sent, use up the right one, and return what it leads to.

    Raises `_WrongCode`, or another of the `REFUSALS`.
    """
    with transaction.atomic():
        codes = stored_codes.lock(attempt.phone_number)
        standing = lockout.admit(phone_number=attempt.phone_number, client_ip=attempt.client_ip)
        waiting = [code for code in codes if attempt.is_for(code)]
        if not waiting:
            raise ConfirmationCodeExpired
        compared = [code for code in waiting if code.tries_left(is_known=standing.is_known)]
        if not compared:
            raise ConfirmationCodeExhausted
        for code in compared:
            if stored_codes.matches(code, attempt.confirmation_code, attempt.binding):
                _use_up(code)
                lockout.forgive(phone_number=code.number, client_ip=attempt.client_ip, standing=standing)
                return attempt.accept(code, standing)
        for code in compared:
            code.record_wrong_try(is_known=standing.is_known)
        lockout.record_wrong_try(phone_number=attempt.phone_number, client_ip=attempt.client_ip, standing=standing)
    # Outside of the block: an exception would roll back the wrong try.
    tries_left = max(code.tries_left(is_known=standing.is_known) for code in compared)
    raise _WrongCode(compared=len(compared), tries_left=tries_left)


def _use_up(code: ConfirmationCode) -> None:
    now = timezone.now()
    # The number may ask for another code at once, to sign in on another device.
    sql.execute(_USE_UP_CODE, now, now, code.pk)


def sendings_given_back(code: ConfirmationCode, *, client_ip: str) -> list[limits.Use]:
    """Return the sendings that a used code gives back to its number: it was requested in earnest."""
    if fixed_code_of(code.number):  # it took none
        return []
    refunded = [limits.CODES_PER_NUMBER_AND_ADDRESS.of_address(client_ip, code.number)]
    if code.known_phone_number is None:
        refunded.append(limits.CODES_PER_NUMBER.of(code.number))
    return refunded
