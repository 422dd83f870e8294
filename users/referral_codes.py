"""Invite codes: their alphabet, drawing a random one, normalizing a typed one."""

import secrets

from django.conf import settings

#: No vowels, so that a code can't spell a word; at most one of each of 0/O, 1/I/L, 2/Z, 5/S, 6/G, 8/B.
ALPHABET = "23456789CDFHJKMNPQRTVWX"
MAX_LENGTH = 12
_SEPARATORS = str.maketrans("", "", " -\t\u00a0\u2010\u2011\u2012\u2013\u2014")


def draw() -> str:
    """Draw a random code of REFERRAL_CODE_LENGTH characters. The database ensures that it is unique."""
    return "".join(secrets.choice(ALPHABET) for _ in range(settings.REFERRAL_CODE_LENGTH))


def normalize(typed: str) -> str:
    """Remove spaces and dashes and convert to upper case; "" for what can't be a code."""
    code = typed.translate(_SEPARATORS).upper()
    return code if len(code) <= MAX_LENGTH and set(code) <= set(ALPHABET) else ""
