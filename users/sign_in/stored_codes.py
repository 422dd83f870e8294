"""Confirmation codes as they are stored: by digest only."""

import hmac
import uuid
from dataclasses import dataclass

from django.db import connection

from common import digests
from common.database import sql
from users.models import ConfirmationCode, Purpose

# In one order, so that two attempts can't deadlock.
_FIND = "SELECT * FROM users_confirmationcode WHERE phone_number = %s OR known_phone_number = %s ORDER BY id"
_LOCK = f"{_FIND} FOR UPDATE"


def lock(phone_number: str) -> list[ConfirmationCode]:
    """Lock the codes of a number: attempts for one number queue, so each of them sees the wrong tries before it."""
    statement = _LOCK if connection.features.has_select_for_update else _FIND
    return sql.find(ConfirmationCode, statement, phone_number, phone_number)


@dataclass(frozen=True)
class Binding:
    """What a code is bound to besides its number: the purpose, and the account that asked if it is signed in."""

    purpose: Purpose
    account_id: int | None = None


SIGN_IN = Binding(Purpose.SIGN_IN)


def digest_of(code: str, verification_token: uuid.UUID, phone_number: str, binding: Binding) -> str:
    """Bind a code to its phone number, sending and purpose; keyed, because 10,000 codes are quickly hashed."""
    return _digests(code, verification_token, phone_number, binding)[0]


def is_for(record: ConfirmationCode, binding: Binding) -> bool:
    return (record.purpose, record.account_id) == (binding.purpose, binding.account_id)


def matches(record: ConfirmationCode, confirmation_code: str, binding: Binding) -> bool:
    """Return True for the right code: one that was sent for another purpose or account never matches."""
    expected = _digests(confirmation_code, record.verification_token, record.number, binding)
    return any(hmac.compare_digest(record.digest, each) for each in expected)


def _digests(code: str, verification_token: uuid.UUID, phone_number: str, binding: Binding) -> list[str]:
    # Without a prefix for the sign-in, whose codes the release before stored so.
    bound = "" if binding == SIGN_IN else f"{binding.purpose.value}:{binding.account_id}:"
    return digests.all_keyed("users.verification", f"{bound}{phone_number}:{verification_token}:{code}")
