"""Phone numbers: reading what is typed or pasted as E.164."""

import re
from functools import cached_property

import phonenumbers
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from users import reading
from users.reading import MAX_TYPED
from users.refusals import CountryNotServed, PhoneNumberInvalid

MAX_LENGTH = 16  # "+" and at most 15 digits: ITU-T E.164, section 6
E164_PATTERN = r"^\+[1-9][0-9]{6,14}$"
#: What JSON Schema can say of a typed number. Of ASCII it is `_TYPED`, with the four digits of Tokelau at least. Its
#: patterns (ECMA-262) have no class for the digits and marks of other scripts: text with any of them may hold others.
_TYPED_ASCII = r"[^0-9A-Za-z_+(\[*#]*([Tt][Ee][Ll]:(//)?)? *[(\[]*\+*[(\[ ]*([0-9][ ()\[\]./~-]*){4,}[^0-9A-Za-z_*#]*"
_MARKS = r"[^\x00-\x7f]*"
_TEL = f"([Tt]{_MARKS}[Ee]{_MARKS}[Ll]{_MARKS}:({_MARKS}/{_MARKS}/)?)?"
_TYPED_OTHERS = rf"[^A-Za-z_*#]*{_TEL}[^A-Za-z_*#]*[^\x00-\x7f][^A-Za-z_*#]*"
TYPED_PATTERN = f"^({_TYPED_ASCII}|{_TYPED_OTHERS})$"

_DIGITS_WITHIN_BLOCK = 4

#: Of the digits behind the country code, a masked number shows as many as this, `LAST_SHOWN_DIGITS` of them at the end.
MAX_SHOWN_DIGITS = 5
LAST_SHOWN_DIGITS = 2

#: Digits and phone punctuation, between characters that are neither letters nor digits and mean nothing to a phone.
_TYPED = re.compile(r"[^\w+(\[*#]*+(?:tel:(?://)?)? *+([(\[]*\+*[(\[ ]*[0-9][0-9 ()\[\]./~-]*+)[^\w*#]*", re.IGNORECASE)
#: A number as people write it, within a text.
_SPACED_NUMBER = re.compile(r"\+[0-9][0-9 ()-]*[0-9]")
_ZEROS = re.compile(r"[(\[ ]*00")
_MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}

_LETTERS = _("There are letters in it.")
_EXTENSION = _("There is an extension in it.")
_TWO_NUMBERS = _("There are two numbers in it.")
_OTHER_CHARACTERS = _("There are characters in it that no phone number has.")
_TOO_SHORT = _("It has too few digits.")
_TOO_LONG = _("It has too many digits.")
_UNKNOWN_COUNTRY = _("No country has this code.")
_AMBIGUOUS = _("It may be a number of several countries.")
_NOT_MOBILE = _("It is not the number of a mobile phone.")
_UNKNOWN = _("There is no such number.")
_BY_ERROR = {
    phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: _UNKNOWN_COUNTRY,
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: _TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_NSN: _TOO_SHORT,
    phonenumbers.NumberParseException.TOO_LONG: _TOO_LONG,
}
_BY_LENGTH = {
    phonenumbers.ValidationResult.TOO_SHORT: _TOO_SHORT,
    phonenumbers.ValidationResult.TOO_LONG: _TOO_LONG,
}


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

    Raises `PhoneNumberInvalid` for what has no meaning as a number or several, and for fixed lines where the numbering
    plan can tell.
    """
    if isinstance(typed, PhoneNumber):
        return typed
    text = reading.plain(typed)
    written = _TYPED.fullmatch(text) if len(typed) <= MAX_TYPED else None
    number = _mobile(written[1]) if written else None
    if number is None:
        raise PhoneNumberInvalid(found=_what_is_wrong(text))
    return number


def _mobile(written: str) -> PhoneNumber | None:
    """Return the only mobile number that this can be, or None. Raises `PhoneNumberInvalid` if it can be several."""
    number = _parsed(written)
    if "/" in written and any(_parsed(written[: slash.start()]) for slash in re.finditer("/", written)):
        raise PhoneNumberInvalid(found=_TWO_NUMBERS)  # 0171/1234567/8 is short for 0171/1234567 and 0171/1234568
    if zeros := _ZEROS.match(written):
        # The prefix of most countries; the one of the default region may begin with it and mean another number.
        abroad = _parsed("+" + written[zeros.end() :])
        if number and abroad and number != abroad:
            raise PhoneNumberInvalid(found=_AMBIGUOUS)
        return number or abroad
    return number


def _parsed(written: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(written, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.number_type(number) not in _MOBILE:  # UNKNOWN for an invalid number
        return None
    normal = PhoneNumber(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    normal.parsed = number
    return normal


def _what_is_wrong(text: str) -> str | Promise:
    """Return a sentence about what was found instead of a number; "" if there is no digit."""
    region = settings.PHONENUMBER_DEFAULT_REGION
    number, error = None, -1
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as exception:
        error = exception.error_type
    found: str | Promise
    if len(text) > MAX_TYPED:
        found = _TOO_LONG
    elif len([*phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.POSSIBLE)]) > 1:
        found = _TWO_NUMBERS
    elif number and number.extension:
        found = _EXTENSION
    elif any(character.isalpha() for character in text):
        found = _LETTERS
    elif not any(character.isdecimal() for character in text):
        found = ""
    elif not _TYPED.fullmatch(text):
        found = _OTHER_CHARACTERS
    elif number is None:
        found = _BY_ERROR.get(error, _UNKNOWN)
    elif phonenumbers.is_valid_number(number):
        found = _NOT_MOBILE
    else:
        found = _BY_LENGTH.get(phonenumbers.is_possible_number_with_reason(number), _UNKNOWN)
    return found


def served_region(phone_number: PhoneNumber) -> str:
    """Return the region (ISO 3166-1) of a number by the number plan. Raises `CountryNotServed` if it gets no codes.

    One calling code has several regions: +1 the USA, Canada, Jamaica; +7 Russia and Kazakhstan.
    """
    region = str(phonenumbers.region_code_for_number(phone_number.parsed))
    if not {"*", region} & set(settings.SMS_COUNTRIES):
        raise CountryNotServed
    return region


def block_of(phone_number: PhoneNumber) -> str:
    """Return what a number has in common with 10,000 others: operators hand out blocks of them."""
    return phone_number[:-_DIGITS_WITHIN_BLOCK]


def unbroken(text: str) -> str:
    """Replace spaces and hyphens of the numbers in a text by those at which no line breaks."""
    return _SPACED_NUMBER.sub(lambda number: number[0].translate({ord(" "): "\u00a0", ord("-"): "\u2011"}), text)
