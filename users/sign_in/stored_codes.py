"""Confirmation codes as they are stored: by digest only."""

import hmac
import uuid

from django.db import connection

from common import digests
from common.database import sql
from users.models import ConfirmationCode

# In one order, so that two attempts can't deadlock.
_FIND = "SELECT * FROM users_confirmationcode WHERE phone_number = %s OR known_phone_number = %s ORDER BY id"
_LOCK = f"{_FIND} FOR UPDATE"


def lock(phone_number: str) -> list[ConfirmationCode]:
    """Lock the codes of a number: attempts for one number queue, so each of them sees the wrong tries before it."""
    statement = _LOCK if connection.features.has_select_for_update else _FIND
    return sql.find(ConfirmationCode, statement, phone_number, phone_number)


def digest_of(code: str, verification_token: uuid.UUID, phone_number: str) -> str:
    """Bind a code to its phone number and sending; keyed, because 10,000 codes are quickly hashed."""
    return _digests(code, verification_token, phone_number)[0]


def matches(record: ConfirmationCode, confirmation_code: str) -> bool:
    expected = _digests(confirmation_code, record.verification_token, record.number)
    return any(hmac.compare_digest(record.digest, each) for each in expected)


def _digests(code: str, verification_token: uuid.UUID, phone_number: str) -> list[str]:
    return digests.all_keyed("users.verification", f"{phone_number}:{verification_token}:{code}")
