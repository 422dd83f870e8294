"""Sending of one-time codes to phones."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from common.database import sql
from common.http.client_ip import client_ip_digest
from users import events, phones
from users.limits import limits
from users.models import ConfirmationCode, Delivery, fixed_code_of
from users.phones import PhoneNumber
from users.refusals import (
    CodeRecentlySent,
    CountryNotServed,
    DeliveryUnavailable,
    SendingPaused,
    SignInLocked,
    TooManyCodes,
    TooManyRequests,
    seconds_between,
)
from users.sign_in import code_length, lockout, stored_codes, texts
from users.sign_in.stored_codes import Binding
from users.sms import channels, outbox, tasks

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

#: The part of LIMIT_CODES_PER_NUMBER that is for the first request of an address.
_FIRST_REQUESTS_PERCENT = 50
# A code from later than the next one is due was sent by a clock that has been set back.
_REPLACE_IF_DUE = """
    ON CONFLICT ({number}) DO UPDATE SET {{new_values}}
    WHERE kept.resend_at <= excluded.issued_at OR kept.issued_at > excluded.resend_at
"""


@dataclass(frozen=True)
class SentCode:
    """A code that was sent. `confirmation_code` is in clear here only; times are UTC."""

    record: ConfirmationCode
    confirmation_code: str = field(repr=False)


@dataclass(frozen=True)
class _Request:
    phone_number: PhoneNumber
    client_ip: str
    username: str
    app_hash: str
    binding: Binding


def send_code(
    *,
    phone_number: str,
    client_ip: str,
    username: str = "",
    app: str = "",
    binding: Binding = stored_codes.SIGN_IN,
) -> SentCode:
    """Send a new code to a phone number; it replaces the previous one. Does not reveal whether the user exists.

    An address known to the number has a separate code, which requests of strangers do not replace or delay. The limits
    are those of the number, for all purposes together. `client_ip` comes from `client_ip_of`. Raises
    `PhoneNumberInvalid` or one of `SENDING_REFUSALS`. Only a sent code counts towards the limits; after
    `DeliveryUnavailable` the number can ask again at once. `app`: the hash of an Android app that reads the message.
    A number of TEST_PHONE_NUMBERS gets no message, and is counted by no limit.
    """
    phone_number = phones.normalize(phone_number)
    asked = _Request(phone_number, client_ip, username, app, binding)
    if test_code := fixed_code_of(phone_number):
        record = _code_record(asked, test_code, is_known=False)
        _save(record)
        return SentCode(record, test_code)
    region = phones.served_region(phone_number)
    is_known = lockout.admit(phone_number=phone_number, client_ip=client_ip).is_known
    of_both = limits.CODES_PER_NUMBER_AND_ADDRESS.of_address(client_ip, phone_number)
    of_all = (
        limits.CODES_PER_BLOCK.of(phones.block_of(phone_number)),
        limits.CODES_PER_COUNTRY.of(region),
        limits.CODES.of(),
    )
    uses = (
        of_both,
        sendings_of_address(client_ip, is_known=is_known),
        *[use.with_reserve_for(lambda: is_known) for use in of_all],
        *([] if is_known else [_sendings_to_number(phone_number, of_both)]),
    )
    watched = code_length.wrong_tries(is_known=is_known)
    try:
        with limits.reserved(*uses, watched=watched) as used_up:
            length = code_length.next_length(used_up=used_up)
            return _send(asked, is_known=is_known, length=length)
    except SendingPaused as paused:
        _record_pause(paused, region)
        raise


def _record_pause(paused: SendingPaused, region: str) -> None:
    """Record the pause of a country or of everybody; that of a block of numbers concerns few."""
    until = timezone.now() + timedelta(seconds=int(paused.details["retry_after"]))
    for limit, country in ((limits.CODES, None), (limits.CODES_PER_COUNTRY, region)):
        if limits.is_used_up(limit.of(*([country] if country else [])).with_reserve_for(lambda: False)):
            events.sending_paused(limit=limit.setting, country=country, until=until)
            return


def sendings_of_address(client_ip: str, *, is_known: bool) -> limits.Use:
    """Return one use of the limit of an address. It counts apart for numbers known there, as neighbours send too."""
    return limits.CODES_PER_ADDRESS.of_address(client_ip, *(["known"] if is_known else []))


def _sendings_to_number(phone_number: str, of_both: limits.Use) -> limits.Use:
    """Return one use of the limit of a number, which requests of strangers must not keep its owner from.

    Half of it is for addresses that have no unused code for this number: to use it up takes many addresses.
    """
    number = limits.CODES_PER_NUMBER.of(phone_number)
    return number.with_reserve(_FIRST_REQUESTS_PERCENT, has_reserve=partial(limits.is_unused, of_both))


@sensitive_variables("code", "text")
def _send(asked: _Request, *, is_known: bool, length: int) -> SentCode:
    code = f"{secrets.randbelow(10**length):0{length}}"
    text = texts.of_code(code, asked.binding.purpose, app_hash=asked.app_hash)
    record = _code_record(asked, code, is_known=is_known)
    message = outbox.message_for(record, text)
    _save(record, message)
    try:
        # After the commit, so that a worker finds the row.
        tasks.deliver(delivery_id=message.pk)
    except channels.DeliveryFailed as failure:
        ConfirmationCode.objects.filter(verification_token=record.verification_token).delete()
        raise DeliveryUnavailable(retry_after=5) from failure
    return SentCode(record, code)


@sensitive_variables("code")
def _code_record(asked: _Request, code: str, *, is_known: bool) -> ConfirmationCode:
    now = timezone.now()
    token = uuid.uuid4()
    return ConfirmationCode(
        **{"known_phone_number" if is_known else "phone_number": asked.phone_number},
        username=asked.username,
        address=client_ip_digest(asked.client_ip) if asked.username else "",
        digest=stored_codes.digest_of(code, token, asked.phone_number, asked.binding),
        verification_token=token,
        purpose=asked.binding.purpose.value,
        account_id=asked.binding.account_id,
        issued_at=now,
        expires_at=now + timedelta(seconds=settings.CONFIRMATION_CODE_LIFETIME_SECONDS),
        resend_at=now + timedelta(seconds=settings.CONFIRMATION_CODE_RESEND_SECONDS),
    )


def _save(record: ConfirmationCode, message: Delivery | None = None) -> None:
    """Save a code in the place of the last one, with its message. Raises `CodeRecentlySent` if the next is not due."""
    number = "known_phone_number" if record.known_phone_number else "phone_number"
    # Under concurrency exactly one upsert succeeds.
    on_conflict = _REPLACE_IF_DUE.format(number=number)
    is_saved = (
        sql.insert_both(record, message, on_conflict=on_conflict)
        if message
        else sql.insert(record, on_conflict=on_conflict)
    )
    if not is_saved:
        waiting = ConfirmationCode.objects.filter(**{number: record.number}).first()
        resend_at = waiting.resend_at if waiting else record.issued_at
        raise CodeRecentlySent(retry_after=seconds_between(record.issued_at, resend_at))
