"""Numbers for the reviewers of app stores: a fixed code, no message, for a while."""

from django.conf import settings
from django.utils import timezone

from common.database import sql

_IS_STAFF = "SELECT 1 FROM users_user WHERE phone_number = %s AND is_staff"


def fixed_code_of(phone_number: str) -> str:
    """Return the fixed code of a number of TEST_PHONE_NUMBERS, "" for any other, after its last day, and for staff."""
    code, last_day = settings.TEST_PHONE_NUMBERS.get(phone_number, ("", None))
    if last_day is None or timezone.now().date() > last_day:
        return ""
    return "" if sql.rows(_IS_STAFF, phone_number) else str(code)
