"""Invite codes: their alphabet, drawing a random one, reading a typed or pasted one."""

import re
import secrets
from urllib.parse import unquote

from django.conf import settings

from users import reading

#: No vowels, so that a code can't spell a word; at most one of each of 0/O, 1/I/L, 2/Z, 5/S, 6/G, 8/B.
ALPHABET = "23456789CDFHJKMNPQRTVWX"
MAX_LENGTH = 12
#: Codes that people had elsewhere have other letters too.
PATTERN = f"^[0-9A-Z]{{1,{MAX_LENGTH}}}$"
#: Length of a share link with what chats and mail programs append, in characters.
MAX_TYPED = 500

#: What looks like a character of the alphabet: Latin and Cyrillic letters, capital Greek ones (a small nu is like a v).
_LOOK_ALIKES = str.maketrans(
    "BGSZbgszСНКТХМРВЗснктхмрвзΗΚΜΝΡΤΧΒΖ",
    "86528652CHKTXMP83CHKTXMP83HKMNPTX82",
)
_LETTERS_AND_DIGITS = reading.ascii_code_pattern("[0-9A-Za-z]", f"{{0,{MAX_LENGTH - 1}}}")
#: What JSON Schema can say of a typed code from elsewhere, and of any typed code: it can be a link or percent-encoded.
KEPT_PATTERN = f"^({_LETTERS_AND_DIGITS}|{reading.BEYOND_ASCII})$"
_LINK = r"([^\x00]*/)?[Rr]/[^/?#&\s\x00][^\x00]*"
_ENCODED = r"[^\x00]*%[0-9A-Fa-f]{2}[^\x00]*"
TYPED_PATTERN = f"^({_LETTERS_AND_DIGITS}|{_LINK}|{_ENCODED}|{reading.BEYOND_ASCII})$"

_IN_LINK = re.compile(r"(?:^|/)r/([^/?#&\s]+)", re.IGNORECASE)


def draw() -> str:
    """Draw a random code of REFERRAL_CODE_LENGTH characters. The database ensures that it is unique."""
    return "".join(secrets.choice(ALPHABET) for _ in range(settings.REFERRAL_CODE_LENGTH))


def readings(typed: str) -> list[str]:
    """Return the codes that a typed text can mean, the likeliest first; none if it is no code.

    It has any case, separators, quotes, or is a share link. A code from elsewhere is meant as it is written; for a code
    of this service look-alikes count too.
    """
    text = reading.plain(typed) if len(typed) <= MAX_TYPED else ""
    codes = {reading.code(unquote(code)) for code in _IN_LINK.findall(text) or [text]}
    if len(codes) != 1:  # two links are no code
        return []
    code = codes.pop()
    found = [_as_written(code), _of_this_service(code)]
    return list(dict.fromkeys(filter(None, found)))


def kept(typed: str) -> str:
    """Return a code from elsewhere as it is kept: in capitals, without separators; "" if it is no code."""
    return _as_written(reading.code(typed))


def _as_written(code: str) -> str:
    return code.upper() if re.fullmatch(PATTERN, code, re.IGNORECASE | re.ASCII) else ""


def _of_this_service(code: str) -> str:
    code = code.translate(_LOOK_ALIKES).upper()
    return code if len(code) <= MAX_LENGTH and set(code) <= set(ALPHABET) else ""
