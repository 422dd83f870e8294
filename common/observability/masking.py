"""Masking of secrets and phone numbers in log lines."""

import re
from collections.abc import Callable, Collection
from functools import lru_cache

HIDDEN = "***"
#: Names that precede a secret value, after a colon or an equals sign, with or without quotes.
NAMES_OF_SECRETS = (
    r"passw(?:or)?d|\bpsw|secret|token|authorization|cookie|session(?:id)?|csrf\w{0,16}|confirmation_code|api_?key"
    r"|\btext|\bmes\b"
)

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: Invisible marks, spaces and dashes that a copied number may have between its digits.
_MARKS = r"\u00a0\u00ad\u061c\u180e\u2000-\u2015\u202a-\u202f\u205f-\u206f\u2212\u3000\ufe00-\ufe0f\ufeff"
_GAP = rf"(?:[ ().{_MARKS}-]|%20|%28|%29){{0,3}}"
_SHORT, _CACHED_TEXTS = 200, 1_000


@lru_cache(_CACHED_TEXTS)
def is_secret(name: str) -> bool:
    return re.search(NAMES_OF_SECRETS, name, re.IGNORECASE) is not None


def masker(*, code_lengths: Collection[int]) -> Callable[[str], str]:
    """Return a function that hides secrets in a text, and the middle digits of phone numbers.

    Secrets are recognized by their form (tokens, service keys, JWTs, UUIDs except ids of Celery tasks, confirmation
    codes: a separate group of as many digits) or by the name before them. One pass, linear in the length of the
    text.
    """
    codes = "|".join(rf"\d{{{length}}}" for length in sorted(code_lengths, reverse=True))
    patterns = re.compile(
        rf"""
        (?P<task>(?<=\w\[){_UUID}(?=\]))
        |(?P<secret>
            (?<=://)[^/\s@"']+(?=@)                              # user and password of a URL
            |(?<=rsk_[0-9A-Za-z]{{8}}_)[0-9A-Za-z]{{20,}}          # a service key, after what is shown of it
            |(?<![\w-])eyJ[\w-]+\.[\w.-]+                         # a JWT
            |(?<![0-9A-Za-z])(?=[A-Za-z]{{0,40}}\d)[0-9A-Za-z]{{32,}}
            |{_UUID}
            # a confirmation code: not part of a path, a time, a date or an IP address
            |(?:(?<![\w/+])(?<!\d[.:-])(?<!\w:)(?<!(?:line|port)[ ])|(?<=code:)|(?<=код:))
             (?:{codes})(?!\w|/|[.:-]\d)
        )
        |(?P<name>(?:{NAMES_OF_SECRETS})\\?["']?\s{{0,3}}[:=]\s{{0,3}}(?:(?:Token|Bearer|Basic|Key)\s{{1,3}})?)
            (?:\\?"[^"]*"?|\\?'[^']*'?|[^\s,;&}})]+)
        |(?P<phone>
            (?:\+|%2B)(?:{_GAP}\d){{8,15}}
            |(?<!\d)(?<!\d[.:])(?!\d{{4}}-\d\d-\d\d)\d(?:[ (){_MARKS}-]{{0,3}}\d){{9,14}}(?!\d)
        )
        """,
        re.VERBOSE | re.IGNORECASE,
    )

    def hide(found: re.Match[str]) -> str:
        kind = found.lastgroup
        if kind == "task":
            return found[0]
        if kind == "phone":
            return shorten(found[0])
        return (found["name"] or "") + HIDDEN

    def mask(text: str) -> str:
        return patterns.sub(hide, text)

    cached = lru_cache(_CACHED_TEXTS)(mask)  # paths of requests repeat
    return lambda text: (cached if len(text) <= _SHORT else mask)(text)


def shorten(phone_number: str) -> str:
    """`+79161234567` becomes `+7916*****67`."""
    digits = re.sub(r"%[0-9A-Fa-f]{2}|\D", "", phone_number)
    plus = "" if phone_number[0].isdecimal() else "+"
    return f"{plus}{digits[: min(4, len(digits) - 7)]}*****{digits[-2:]}"
