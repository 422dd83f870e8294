"""The form of texts that users type."""

import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from users import reading

USERNAME_MAX_LENGTH = 150
EXTERNAL_ID_MAX_LENGTH = 128
#: The first character of a formula in a spreadsheet, full-width forms included.
_FORMULA_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"
_REFUSED_ASCII = r"\x00-\x1f\x7f-\x9f$+<=>^`|~"
#: What JSON Schema can say of a name: its patterns (ECMA-262) can't name the symbols of all scripts.
USERNAME_PATTERN = rf"^\s*([^\s@\-\uff1d\uff0b\uff0d\uff20{_REFUSED_ASCII}][^{_REFUSED_ASCII}]*)?\s*$"


def validate_username(name: str) -> None:
    """Allow letters, marks, digits, spaces and punctuation of every script; refuse the start of a formula.

    So emoji, `<>`, control characters and the marks that change the direction of text are refused.
    """
    others = (
        each for each in name if unicodedata.category(each)[0] not in "LMNP" and each not in reading.JOINERS + " "
    )
    if other := next(others, ""):
        found = other if other.isprintable() else f"U+{ord(other):04X}"
        message = _("A name consists of letters, digits, spaces and punctuation; this is none of them: %(found)s")
        raise ValidationError(message, code="username_invalid", params={"found": found})
    if name.startswith(tuple(_FORMULA_STARTS)):
        message = _("A name can't begin with %(found)s, as a formula of a spreadsheet does.")
        raise ValidationError(message, code="username_invalid", params={"found": name[0]})


def validate_external_id(external_id: str) -> None:
    """Allow what can be seen in a line: no line breaks, control characters, or marks that change the direction."""
    if not external_id.isprintable():
        raise ValidationError(_("An external id consists of printable characters."), code="external_id_invalid")


def validate_device(name: str) -> None:
    """Allow what can be seen in a line, as for an external id."""
    if not name.isprintable():
        raise ValidationError(_("The name of a device consists of printable characters."), code="device_invalid")


def code_lengths() -> tuple[int, ...]:
    """Return how many digits a confirmation code may have, shortest first: the usual number, and those under attack."""
    usual = settings.CONFIRMATION_CODE_LENGTH
    longer = settings.CONFIRMATION_CODE_LENGTH_UNDER_ATTACK, settings.CONFIRMATION_CODE_LENGTH_LONGEST
    return tuple(sorted(length for length in {usual, *longer} if length >= usual))


def confirmation_code_pattern() -> str:
    """Return what JSON Schema can say of a typed confirmation code; of a code in ASCII it says everything."""
    in_ascii = [reading.ascii_code_pattern("[0-9]", f"{{{length - 1}}}") for length in code_lengths()]
    beyond = r"[^A-Za-z\x00]*[^\x00-\x7f][^A-Za-z\x00]*"
    return f"^({'|'.join([*in_ascii, beyond])})$"


def confirmation_code(typed: str, *, expected_length: int = 0) -> str:
    """Return the digits of a confirmation code. Raises `ValidationError` unless there are as many as one may have.

    `expected_length`: digits of the last code, for the message; a newer one may have been sent to another device.
    """
    code = reading.code(typed)
    if len(code) not in code_lengths() or not (code.isascii() and code.isdecimal()):
        message = _("A code consists of %(length)d digits.")
        raise ValidationError(message, code="invalid", params={"length": expected_length or code_lengths()[0]})
    return code
