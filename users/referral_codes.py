"""Invite codes: their alphabet, drawing a random one, reading a typed or pasted one."""

import re
import secrets
from urllib.parse import unquote

from django.conf import settings

from users import reading

#: No vowels, so that a code can't spell a word; at most one of each of 0/O, 1/I/L, 2/Z, 5/S, 6/G, 8/B.
ALPHABET = "23456789CDFHJKMNPQRTVWX"
MAX_LENGTH = 12
PATTERN = f"^[{ALPHABET}]{{1,{MAX_LENGTH}}}$"
#: Length of a share link with what chats and mail programs append, in characters.
MAX_TYPED = 500

#: What looks like a character of the alphabet: Latin and Cyrillic letters, capital Greek ones (a small nu is like a v).
_LOOK_ALIKES = str.maketrans(
    "BGSZbgszСНКТХМРВЗснктхмрвзΗΚΜΝΡΤΧΒΖ",
    "86528652CHKTXMP83CHKTXMP83HKMNPTX82",
)
_IN_LINK = re.compile(r"(?:^|/)r/([^/?#&\s]+)", re.IGNORECASE)


def draw() -> str:
    """Draw a random code of REFERRAL_CODE_LENGTH characters. The database ensures that it is unique."""
    return "".join(secrets.choice(ALPHABET) for _ in range(settings.REFERRAL_CODE_LENGTH))


def normalize(typed: str) -> str:
    """Read a code in any case, with separators, quotes or look-alikes, or in its share link; "" for anything else."""
    text = reading.plain(typed) if len(typed) <= MAX_TYPED else ""
    codes = {_normalize(unquote(code)) for code in _IN_LINK.findall(text) or [text]}
    return codes.pop() if len(codes) == 1 else ""  # two links are no code


def _normalize(typed: str) -> str:
    code = reading.code(typed).translate(_LOOK_ALIKES).upper()
    return code if len(code) <= MAX_LENGTH and set(code) <= set(ALPHABET) else ""
