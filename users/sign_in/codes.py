"""Signing in by a one-time code sent to a phone."""

import hmac
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from common import digests
from common.database import sql
from users import phones
from users.limits import limits
from users.limits.limits import Use
from users.models import ConfirmationCode, User
from users.referrals import activation
from users.refusals import (
    AccountDisabled,
    CodeRecentlySent,
    ConfirmationCodeExhausted,
    ConfirmationCodeExpired,
    ConfirmationCodeWrong,
    DeliveryUnavailable,
    PhoneNumberTaken,
    TooManyCodes,
    VerificationLinkInvalid,
    seconds_between,
)
from users.sign_in import lockout
from users.sms import channels, outbox, tasks

_REPLACE_IF_DUE = """
    ON CONFLICT (phone_number) DO UPDATE SET {new_values} WHERE kept.resend_at <= excluded.issued_at
"""
_CODE = "SELECT * FROM users_confirmationcode WHERE phone_number = %s"
_CODE_LOCKED = f"{_CODE} FOR UPDATE"
_USE_UP = "UPDATE users_confirmationcode SET used_at = %s, resend_at = %s WHERE id = %s"
_SIGN_IN = """
    UPDATE users_user SET last_login = %s WHERE phone_number = %s
    RETURNING *, (SELECT referral_code FROM users_referral WHERE invited_id = users_user.id) AS used_referral_code
"""


@dataclass(frozen=True)
class SentCode:
    """A code on its way. `confirmation_code` is clear here and nowhere else; times are UTC."""

    record: ConfirmationCode
    confirmation_code: str = field(repr=False)


@dataclass(frozen=True)
class SignIn:
    user: User
    is_new_user: bool


def send_code(*, phone_number: str, client_ip: str, username: str = "") -> SentCode:
    """Send a new code to a phone; it replaces the one before. Nothing here depends on who is registered.

    `client_ip` comes from `client_ip_of`. Raises `PhoneNumberInvalid`, `CountryNotServed`, `SignInLocked`,
    `CodeRecentlySent`, a limit's refusal, or `DeliveryUnavailable`: then the number can ask again at once.
    """
    phone_number = phones.normalize(phone_number)
    country = phones.served_country(phone_number)
    lockout.refuse_if_locked(phone_number=phone_number, client_ip=client_ip)
    counted = _count_sending(phone_number, client_ip, country)
    try:
        return _send(phone_number, username)
    except (CodeRecentlySent, DeliveryUnavailable):
        limits.give_back(*counted)
        raise


def _count_sending(phone_number: str, client_ip: str, country: int) -> list[Use]:
    """Count one message; an address that the number is known by does not depend on what others ask for it."""
    counted = [
        limits.CODES_PER_NUMBER_AND_ADDRESS.of(phone_number, client_ip),
        limits.CODES_PER_ADDRESS.of(client_ip),
        limits.CODES_PER_COUNTRY.of(country),
        limits.CODES.of(),
    ]
    number = limits.CODES_PER_NUMBER.of(phone_number)
    try:
        limits.take(*counted, number)
    except TooManyCodes:
        if not lockout.is_known(phone_number=phone_number, client_ip=client_ip):
            raise
        limits.take(*counted)
        return counted
    return [*counted, number]


@sensitive_variables("code", "text")
def _send(phone_number: str, username: str) -> SentCode:
    length = settings.CONFIRMATION_CODE_LENGTH
    code = f"{secrets.randbelow(10**length):0{length}}"
    record = _replace(phone_number, code, username)
    text = _("Your code is %(code)s. Tell it to nobody.") % {"code": code}
    delivery = outbox.open_for(record, text)
    try:
        # After the commit, or a fast worker would find nothing to do.
        tasks.deliver(delivery_id=delivery.pk)
    except (tasks.BrokerGone, channels.DeliveryFailed) as failure:
        outbox.close(delivery, outbox.State.FAILED, outbox.Failure.NOT_QUEUED)
        ConfirmationCode.objects.filter(verification_token=record.verification_token).delete()
        raise DeliveryUnavailable(retry_after=5) from failure
    return SentCode(record, code)


@sensitive_variables("code")
def _replace(phone_number: str, code: str, username: str) -> ConfirmationCode:
    now = timezone.now()
    token = uuid.uuid4()
    record = ConfirmationCode(
        phone_number=phone_number,
        username=username,
        digest=_digest(code, token, phone_number),
        verification_token=token,
        issued_at=now,
        expires_at=now + timedelta(seconds=settings.CONFIRMATION_CODE_LIFETIME_SECONDS),
        resend_at=now + timedelta(seconds=settings.CONFIRMATION_CODE_RESEND_SECONDS),
    )
    # Of any number of requests at once one finds the row due, or inserts it.
    if not sql.insert(record, on_conflict=_REPLACE_IF_DUE):
        waiting = ConfirmationCode.objects.filter(phone_number=phone_number).first()
        resend_at = waiting.resend_at if waiting else now
        raise CodeRecentlySent(retry_after=seconds_between(now, resend_at))
    return record


def sign_in(*, phone_number: str, confirmation_code: str, client_ip: str, used_referral_code: str = "") -> SignIn:
    """Redeem the code of a phone; at the first sign-in the person is saved, and comes with `used_referral_code`.

    Raises `PhoneNumberInvalid`, `TooManyRequests`, `SignInLocked`, `ConfirmationCodeExpired`,
    `ConfirmationCodeExhausted`, `ConfirmationCodeWrong`, `AccountDisabled`, or a refusal of `referrals.activate`,
    after which the code still holds.
    """
    phone_number = phones.normalize(phone_number)
    return _try(phone_number, None, confirmation_code, client_ip, used_referral_code)


def sign_in_by_link(
    *, verification_token: uuid.UUID, confirmation_code: str, client_ip: str, used_referral_code: str = ""
) -> SignIn:
    """Do as `sign_in` for the phone whose link this is. Raises `VerificationLinkInvalid` besides."""
    record = ConfirmationCode.objects.filter(verification_token=verification_token).first()
    phone_number = record.phone_number if record else None
    return _try(phone_number, verification_token, confirmation_code, client_ip, used_referral_code)


@sensitive_variables("confirmation_code")
def _try(
    phone_number: str | None, link: uuid.UUID | None, confirmation_code: str, client_ip: str, used_referral_code: str
) -> SignIn:
    # A code that was used was asked for in earnest.
    asked = (limits.CODES_PER_NUMBER_AND_ADDRESS.of(phone_number, client_ip), limits.CODES_PER_NUMBER.of(phone_number))
    with limits.counting_failures(limits.FAILED_SIGN_INS_PER_ADDRESS.of(client_ip), forgiving=asked):
        if phone_number is None:
            raise VerificationLinkInvalid
        return _redeem(phone_number, link, confirmation_code, client_ip, used_referral_code)


@sensitive_variables("confirmation_code")
def _redeem(
    phone_number: str, link: uuid.UUID | None, confirmation_code: str, client_ip: str, used_referral_code: str
) -> SignIn:
    with transaction.atomic():
        # The row lock lines up all tries for one phone: each sees what the one before it has spent.
        code = _CODE_LOCKED if connection.features.has_select_for_update else _CODE
        record = sql.find_one(ConfirmationCode, code, phone_number)
        lockout.refuse_if_locked(phone_number=phone_number, client_ip=client_ip)
        if record is None or not record.is_waiting or link not in (None, record.verification_token):
            raise ConfirmationCodeExpired
        if not record.tries_left:
            raise ConfirmationCodeExhausted
        if _matches(record, confirmation_code):
            lockout.record_success(phone_number=phone_number, client_ip=client_ip)
            return _welcome(record, used_referral_code)
        record.wrong_tries += 1
        record.save(update_fields=["wrong_tries"])
        lockout.record_wrong_try(phone_number=phone_number, client_ip=client_ip)
    # Outside the block, or the wrong try would be rolled back with it.
    if not record.tries_left:
        raise ConfirmationCodeExhausted
    raise ConfirmationCodeWrong(tries_left=record.tries_left)


def _welcome(record: ConfirmationCode, used_referral_code: str) -> SignIn:
    now = timezone.now()
    # From now on another one may be asked for: whoever holds the phone may sign in elsewhere at once.
    sql.execute(_USE_UP, now, now, record.pk)
    user, is_new_user = _get_or_create_user(record, now)
    if not user.is_active:
        raise AccountDisabled
    if is_new_user and used_referral_code:
        activation.activate(user=user, referral_code=used_referral_code)
    return SignIn(user, is_new_user)


def _get_or_create_user(record: ConfirmationCode, now: datetime) -> tuple[User, bool]:
    if user := sql.find_one(User, _SIGN_IN, now, record.phone_number):
        return user, False
    try:
        return User.objects.create_user(record.phone_number, username=record.username, last_login=now), True
    except PhoneNumberTaken:  # staff created the person just now
        return sql.find(User, _SIGN_IN, now, record.phone_number)[0], False


def _digest(code: str, verification_token: uuid.UUID, phone_number: str) -> str:
    """Bind the code to its phone and to this one sending; keyed, for 10,000 codes are soon hashed."""
    message = f"{phone_number}:{verification_token}:{code}"
    return digests.keyed("users.verification", message)


def _matches(record: ConfirmationCode, confirmation_code: str) -> bool:
    expected = _digest(confirmation_code, record.verification_token, record.phone_number)
    return hmac.compare_digest(record.digest, expected)
