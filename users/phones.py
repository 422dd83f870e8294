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

#: Of the digits behind the country code, a masked number shows as many as this, `LAST_SHOWN_DIGITS` of them at the end.
MAX_SHOWN_DIGITS = 5
LAST_SHOWN_DIGITS = 2

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

    @property
    def masked(self) -> str:
        """The country code and at most half of the other digits, 5 at most: +7 916 ***-**-67.

        The form depends on the digits that are shown and on the length only, so that it tells nothing about the others.
        """
        digits = phonenumbers.national_significant_number(self.parsed)
        shown = min(len(digits) // 2, MAX_SHOWN_DIGITS)
        first, last = digits[: shown - LAST_SHOWN_DIGITS], digits[-LAST_SHOWN_DIGITS:]
        rest = "*" * (len(digits) - shown) + last
        odd = len(rest) % 2
        groups = [rest[: 2 + odd], *(rest[nth : nth + 2] for nth in range(2 + odd, len(rest), 2))]
        return " ".join(filter(None, (f"+{self.parsed.country_code}", first, "-".join(groups))))


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
