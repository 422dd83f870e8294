"""Phone numbers: parsing what is typed into E.164."""

import re
from functools import cached_property

import phonenumbers
from django.conf import settings

from users.refusals import CountryNotServed, PhoneNumberInvalid

MAX_LENGTH = 16  # "+" and at most 15 digits: ITU-T E.164, section 6
E164_PATTERN = r"^\+[1-9][0-9]{6,14}$"
#: Digits and phone punctuation. The parser alone would accept letters and extensions.
TYPED_PATTERN = r"^\+?[0-9 ().\-]{5,31}$"

_TYPED = re.compile(TYPED_PATTERN)
#: No-break spaces and typographic dashes.
_TYPOGRAPHY = str.maketrans("\u00a0\u202f\u2010\u2011\u2012\u2013\u2014", "  -----")
_MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


class PhoneNumber(str):  # noqa: SLOT000  `parsed` is cached in its __dict__
    """A number in E.164, such as +79161234567; parsed only on demand."""

    @cached_property
    def parsed(self) -> phonenumbers.PhoneNumber:
        return phonenumbers.parse(self)

    @property
    def as_international(self) -> str:
        """For people to read: +7 916 123-45-67."""
        return phonenumbers.format_number(self.parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def normalize(typed: str) -> PhoneNumber:
    """Return the E.164 form of a mobile number; PHONENUMBER_DEFAULT_REGION applies when it has no country code.

    Raises `PhoneNumberInvalid` for anything else, including fixed lines where the numbering plan can tell.
    """
    if isinstance(typed, PhoneNumber):
        return typed
    typed = typed.translate(_TYPOGRAPHY).strip()
    if not _TYPED.fullmatch(typed):
        raise PhoneNumberInvalid
    try:
        number = phonenumbers.parse(typed, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        raise PhoneNumberInvalid from None
    if phonenumbers.number_type(number) not in _MOBILE:  # UNKNOWN for an invalid number
        raise PhoneNumberInvalid
    normal = PhoneNumber(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    normal.parsed = number
    return normal


def served_country(phone_number: PhoneNumber) -> int:
    """Return the calling code of a number. Raises `CountryNotServed` unless it is one of SMS_COUNTRIES."""
    country = phone_number.parsed.country_code or 0
    if not {"*", str(country)} & set(settings.SMS_COUNTRIES):
        raise CountryNotServed
    return country
