"""Encryption of what is stored and must be read again (Fernet), by keys that are derived from SECRET_KEY."""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet

from common import digests


def cipher(purpose: str) -> MultiFernet:
    """Return the cipher of a purpose: it encrypts by SECRET_KEY and decrypts by SECRET_KEY_FALLBACKS too.

    `decrypt` raises `cryptography.fernet.InvalidToken`. `purpose` is a salt: changing it makes stored texts unreadable.
    """
    return _cipher_of(*digests.keys(purpose))


@lru_cache(maxsize=8)
def _cipher_of(*keys: bytes) -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
