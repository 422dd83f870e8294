"""Keys of JWTs: the first of JWT_SIGNING_KEYS signs, all of them verify, and the public halves are published."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import jwt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token

from common import es256
from common.es256 import SigningKey

FORMER_ALGORITHM = "HS256"
#: How long other programs may keep the public keys before they ask again.
PUBLISHED_FOR_SECONDS = 300
_REQUIRED = ("iss", "aud", "sub", "sid", "iat", "exp")


def signing_keys() -> list[SigningKey]:
    """Return the keys, that which signs first. Raises `ImproperlyConfigured` if there is none, or for a wrong one."""
    try:
        return [es256.parse(text) for text in key_texts()]
    except ValueError as wrong:
        raise ImproperlyConfigured(f"A key in JWT_SIGNING_KEYS is {wrong}.") from None


def key_texts() -> list[str]:
    """Return the private keys as JWT_SIGNING_KEYS lists them. Raises `ImproperlyConfigured` if there is none."""
    return [*(settings.JWT_SIGNING_KEYS or _development_keys(settings.JWT_DEVELOPMENT_KEY_FILE))]


def published_keys() -> list[dict[str, str]]:
    """Return the public halves as JWKs (RFC 7517)."""
    return [key.jwk for key in signing_keys()]


def audience_of_access() -> str:
    """Return the `aud` (RFC 7519, section 4.1.3) of tokens that other programs may accept."""
    return str(settings.JWT_AUDIENCE)


def audience_of_refresh() -> str:
    """Return the `aud` of refresh tokens: no other program may take one for an access token."""
    return f"{settings.PUBLIC_URL}/api/jwt/refresh/"


@lru_cache
def _development_keys(file: Path | None) -> tuple[str, ...]:
    """Return the key of a laptop, made once and kept, so that a restarted server knows its sessions."""
    if file is None:
        raise ImproperlyConfigured("JWT_SIGNING_KEYS is empty: `manage.py jwt_key new` makes a key.")
    with NamedTemporaryFile("w", dir=file.parent, prefix=f"{file.name}.") as draft:
        draft.write(es256.generate())
        draft.flush()
        # Of two processes that start together the second finds the file of the first, complete.
        with suppress(FileExistsError):
            file.hardlink_to(draft.name)
    return (file.read_text().strip(),)


class KeyRing(TokenBackend):
    """Signs and verifies tokens of this issuer."""

    def encode(self, payload: dict[str, Any]) -> str:
        return signing_keys()[0].sign({"iss": settings.PUBLIC_URL, **payload})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Verify a token by the key that its header names. Raises `TokenBackendError`."""
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = next((each for each in signing_keys() if each.kid == kid), None)
            if key is None:
                raise TokenBackendError("unknown key")
            return jwt.decode(
                token,
                key.public,
                algorithms=[es256.ALGORITHM],
                issuer=settings.PUBLIC_URL,
                audience=[audience_of_access(), audience_of_refresh()],
                leeway=self.get_leeway(),
                # A time of issue that is still to come is that of a clock which has been set back since.
                options={"require": [*_REQUIRED], "verify_iat": False},
            )
        except jwt.ExpiredSignatureError:
            raise TokenBackendExpiredToken("expired") from None
        except jwt.InvalidTokenError:
            raise TokenBackendError("invalid") from None


class FormerKeys(TokenBackend):
    """Verifies what the last release signed by SECRET_KEY, or by one of SECRET_KEY_FALLBACKS; signs nothing."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            with suppress(TokenBackendError):
                return dict(TokenBackend(FORMER_ALGORITHM, key, leeway=self.leeway).decode(token, verify))
        raise TokenBackendError("invalid")


def install() -> None:
    """Make every token use these keys."""
    Token._token_backend = KeyRing(  # noqa: SLF001  no setting for it
        es256.ALGORITHM, leeway=api_settings.LEEWAY
    )
