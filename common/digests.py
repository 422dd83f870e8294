"""Keyed digests: the same as Django's `salted_hmac` by SHA-256, whose key is not made anew for each of them."""

import hmac
from functools import lru_cache
from hashlib import sha256

from django.conf import settings


def keyed(purpose: str, text: str) -> str:
    """Return 64 hexadecimal digits (HMAC, RFC 2104); digests of different purposes have nothing in common."""
    return hmac.digest(key(purpose), text.encode(), "sha256").hex()


def key(purpose: str) -> bytes:
    """Return 32 bytes, made of SECRET_KEY, for this purpose alone."""
    return _derive(purpose, settings.SECRET_KEY)


@lru_cache
def _derive(purpose: str, secret_key: str) -> bytes:
    return sha256(f"{purpose}{secret_key}".encode()).digest()
