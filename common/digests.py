"""Keyed digests (HMAC-SHA-256): like Django's `salted_hmac`, with a cached key."""

import hmac
from functools import lru_cache
from hashlib import sha256

from django.conf import settings


def keyed(purpose: str, text: str) -> str:
    """Return 64 hexadecimal digits (HMAC, RFC 2104). `purpose` is a salt: changing it voids stored digests."""
    return hmac.digest(key(purpose), text.encode(), "sha256").hex()


def key(purpose: str) -> bytes:
    """Return 32 bytes, derived from SECRET_KEY and `purpose`."""
    return _derive(purpose, settings.SECRET_KEY)


@lru_cache
def _derive(purpose: str, secret_key: str) -> bytes:
    return sha256(f"{purpose}{secret_key}".encode()).digest()
