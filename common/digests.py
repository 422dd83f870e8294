"""Keyed digests (HMAC-SHA-256): like Django's `salted_hmac`, with a cached key."""

import hmac
from functools import lru_cache
from hashlib import sha256

from django.conf import settings


def keyed(purpose: str, text: str, *, secret_key: str = "") -> str:
    """Return 64 hexadecimal digits (HMAC, RFC 2104). `purpose` is a salt: changing it voids stored digests."""
    return hmac.digest(key(purpose, secret_key=secret_key), text.encode(), "sha256").hex()


def key(purpose: str, *, secret_key: str = "") -> bytes:
    """Return 32 bytes, derived from `purpose` and `secret_key`, by default SECRET_KEY."""
    return _derive(purpose, secret_key or settings.SECRET_KEY)


def all_keyed(purpose: str, text: str) -> list[str]:
    """Return what `keyed` returns, and what it returned with SECRET_KEY_FALLBACKS: any of them may be stored."""
    return [hmac.digest(each, text.encode(), "sha256").hex() for each in keys(purpose)]


def keys(purpose: str) -> list[bytes]:
    """Return the key of SECRET_KEY, then those of SECRET_KEY_FALLBACKS."""
    return [_derive(purpose, each) for each in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


@lru_cache
def _derive(purpose: str, secret_key: str) -> bytes:
    return sha256(f"{purpose}{secret_key}".encode()).digest()
