"""The rows of an import: their fields, read and checked one by one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from users import phone_blocks, phones, referral_codes
from users.models import User
from users.phones import PhoneNumber
from users.refusals import PhoneNumberInvalid, Refusal
from users.validators import EXTERNAL_ID_MAX_LENGTH, validate_external_id

FIELDS = ("phone_number", *User.OWN_FIELDS, "external_id", "registered_at", "referral_code", "used_referral_code")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
#: The clock of another server may be ahead.
_AHEAD = timedelta(minutes=1)

#: By field, `code` and `detail` of each error, as the API shows them.
Errors = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Row:
    """What an import says about one person. `number`: its place in the request, or its line in the file."""

    number: int
    phone_number: PhoneNumber
    #: What the columns of this person should be; without those that the row leaves out.
    columns: Mapping[str, Any]
    registered_at: datetime | None
    referral_code: str
    used_referral_code: str


@dataclass(frozen=True)
class Refused:
    """A row that was refused; `is_saved` if only its invitation was, and the person was imported without it."""

    number: int
    code: str
    errors: Errors = field(default_factory=dict)
    is_saved: bool = False


def refused(number: int, refusal: Refusal, *, is_saved: bool = False) -> Refused:
    errors = {refusal.field: [{"code": refusal.code, "detail": str(refusal)}]} if refusal.field else {}
    return Refused(number, refusal.code, errors, is_saved)


def read(number: int, values: Mapping[str, Any]) -> Row | Refused:
    """Return the row, or all that is wrong in it. An empty or missing value is none."""
    errors: Errors = {}
    for name in values.keys() - set(FIELDS):
        errors[str(name)] = [{"code": "unknown_field", "detail": _("There is no such field.")}]
    found: dict[str, Any] = {}
    for name, read_value in _READERS.items():
        value = values.get(name)
        if value in (None, ""):
            continue
        try:
            found[name] = read_value(_text(value))
        except PhoneNumberInvalid as refusal:
            errors[name] = [{"code": refusal.code, "detail": str(refusal)}]
        except ValidationError as invalid:
            errors[name] = [
                {"code": each.code or "invalid", "detail": " ".join(each.messages)} for each in invalid.error_list
            ]
    if "phone_number" not in found and "phone_number" not in errors:
        errors["phone_number"] = [{"code": "required", "detail": _("A row needs a phone number.")}]
    if errors:
        return Refused(number, "invalid_input", errors)
    return Row(
        number,
        found["phone_number"],
        {name: found[name] for name in (*User.OWN_FIELDS, "external_id") if name in found},
        found.get("registered_at"),
        found.get("referral_code", ""),
        found.get("used_referral_code", ""),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("This is no text."), code="invalid")
    return value


def _own(name: str) -> Callable[[str], str]:
    """Return the reader of one of `User.OWN_FIELDS`, with the length and the validators of its column."""
    read_text, checks, longest = User.OWN_FIELDS[name], User.own_validators(name), User.own_columns()[name].max_length

    def read_own(value: str) -> str:
        text = read_text(_no_longer_than(longest or 0, value))
        for check in checks:
            check(text)
        return text

    return read_own


def _external_id(value: str) -> str:
    text = _no_longer_than(EXTERNAL_ID_MAX_LENGTH, value.strip())
    validate_external_id(text)
    return text


def _time(value: str) -> datetime:
    """Read a time in ISO 8601; without an offset it is UTC."""
    try:
        time = parse_datetime(value)
        time = time and (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or not _EARLIEST <= time <= timezone.now() + _AHEAD:
        raise ValidationError(_("This is no time in the past in ISO 8601."), code="invalid")
    return time


def _kept_code(value: str) -> str:
    if code := referral_codes.kept(value):
        return code
    message = _("An invite code has 1 to %(length)d Latin letters and digits.")
    raise ValidationError(message % {"length": referral_codes.MAX_LENGTH}, code="referral_code_invalid")


def _no_longer_than(longest: int, text: str) -> str:
    if len(text) > longest or "\0" in text:
        raise ValidationError(_("At most %(length)d characters.") % {"length": longest}, code="max_length")
    return text


def _phone_number(value: str) -> PhoneNumber:
    """Read a number; one of a block that is known takes a hundredth of the time."""
    if phone_blocks.is_known(value):
        return PhoneNumber(value)
    number = phones.normalize(value)
    if number == value:
        phone_blocks.learn(number, number.parsed.country_code)
    return number


_READERS: Mapping[str, Callable[[str], Any]] = {
    "phone_number": _phone_number,
    **{name: _own(name) for name in User.OWN_FIELDS},
    "external_id": _external_id,
    "registered_at": _time,
    "referral_code": _kept_code,
    "used_referral_code": lambda value: _no_longer_than(referral_codes.MAX_TYPED, value),
}
