"""Phone numbers: from what people type to E.164, and what of them may be shown."""

import re

import phonenumbers
from django.conf import settings

from users.exceptions import CountryNotServed, PhoneNumberInvalid

MAX_LENGTH = 16  # "+" and at most 15 digits: ITU-T E.164, section 6
E164_PATTERN = r"^\+[1-9][0-9]{6,14}$"
#: What may be typed: digits and ordinary phone punctuation. The parser alone would let letters and extensions in.
TYPED_PATTERN = r"^\+?[0-9 ().\-]{5,31}$"

_TYPED = re.compile(TYPED_PATTERN)
#: No-break spaces and the dashes that word processors make of a hyphen.
_TYPOGRAPHY = str.maketrans("\u00a0\u202f\u2010\u2011\u2012\u2013\u2014", "  -----")
_MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


def normalize(typed: str) -> str:
    """Return the E.164 form of a mobile number, read in PHONENUMBER_DEFAULT_REGION when it has no country code.

    Raises `PhoneNumberInvalid` for anything else, fixed lines included where the number plan tells them apart.
    """
    typed = typed.translate(_TYPOGRAPHY).strip()
    if not _TYPED.fullmatch(typed):
        raise PhoneNumberInvalid
    try:
        number = phonenumbers.parse(typed, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        raise PhoneNumberInvalid from None
    if phonenumbers.number_type(number) not in _MOBILE:  # UNKNOWN unless the number is valid
        raise PhoneNumberInvalid
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def served_country(phone_number: str) -> int:
    """Return the calling code of a number (E.164). Raises `CountryNotServed` unless it is one of SMS_COUNTRIES."""
    country = phonenumbers.parse(phone_number).country_code or 0
    if not {"*", str(country)} & set(settings.SMS_COUNTRIES):
        raise CountryNotServed
    return country
