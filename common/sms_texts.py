"""Texts of messages: whether one SMS holds them, and the last line that lets a phone fill in a code."""

import re
from urllib.parse import urlsplit

#: 3GPP TS 23.038, section 6.2.1: one SMS holds 160 of these, where the second kind counts twice.
_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM_7_ALL = _GSM_7 | _GSM_7_EXTENDED
_MOST_GSM_7, _MOST_UCS_2 = 160, 70
#: What Android's SMS Retriever recognizes an app by.
APP_HASH = re.compile("[A-Za-z0-9+/]{11}")


def fits_one_sms(text: str) -> bool:
    """Return True for at most 160 characters of GSM-7, or 70 code units of UCS-2 if there is another one."""
    if _GSM_7_ALL.issuperset(text):
        return len(text) + sum(character in _GSM_7_EXTENDED for character in text) <= _MOST_GSM_7
    return len(text.encode("utf-16-be")) // 2 <= _MOST_UCS_2


def with_last_line(text: str, *, code: str, public_url: str, app_hash: str = "") -> str:
    """Return a text with the line that names who may read the code: an Android app, else the website.

    A website by its host, over HTTPS only (origin-bound one-time codes, https://wicg.github.io/sms-one-time-codes/).
    """
    site = urlsplit(public_url)
    if app_hash:
        return f"{text}\n{app_hash}"
    return f"{text}\n@{site.hostname} #{code}" if site.scheme == "https" else text
