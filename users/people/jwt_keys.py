"""Keys of JWTs: SECRET_KEY signs; the former keys in SECRET_KEY_FALLBACKS still verify."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token


class KeyRing(TokenBackend):
    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Verify with the current key, then with each former one. Raises `TokenBackendError`."""
        try:
            return dict(super().decode(token, verify))
        except TokenBackendError:
            for key in settings.SECRET_KEY_FALLBACKS:
                with suppress(TokenBackendError):
                    return dict(TokenBackend(self.algorithm, key, leeway=self.leeway).decode(token, verify))
            raise


def install() -> None:
    """Make every token use these keys."""
    Token._token_backend = KeyRing(  # noqa: SLF001  no setting for it
        api_settings.ALGORITHM, api_settings.SIGNING_KEY, leeway=api_settings.LEEWAY
    )
