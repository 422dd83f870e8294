"""Confirmation codes as they are stored: by digest only."""

import hmac
import uuid

from django.db import connection

from common import digests
from common.database import sql
from users.models import ConfirmationCode

_FIND = "SELECT * FROM users_confirmationcode WHERE phone_number = %s"
_LOCK = f"{_FIND} FOR UPDATE"


def lock(phone_number: str) -> ConfirmationCode | None:
    """Lock the row of a code: attempts for one number queue, so each of them sees the wrong tries before it."""
    return sql.find_one(ConfirmationCode, _LOCK if connection.features.has_select_for_update else _FIND, phone_number)


def digest_of(code: str, verification_token: uuid.UUID, phone_number: str) -> str:
    """Bind a code to its phone number and sending; keyed, because 10,000 codes are quickly hashed."""
    return _digests(code, verification_token, phone_number)[0]


def matches(record: ConfirmationCode, confirmation_code: str) -> bool:
    expected = _digests(confirmation_code, record.verification_token, record.phone_number)
    return any(hmac.compare_digest(record.digest, each) for each in expected)


def _digests(code: str, verification_token: uuid.UUID, phone_number: str) -> list[str]:
    return digests.all_keyed("users.verification", f"{phone_number}:{verification_token}:{code}")
