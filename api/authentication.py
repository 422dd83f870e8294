"""Who is asking: `Authorization: Token …` or `Authorization: Bearer …`. Cookies sign nobody in here."""

from typing import cast

from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication as SimpleJWTAuthentication
from rest_framework_simplejwt.tokens import Token

from api.sessions import EPOCH_CLAIM
from users.exceptions import SessionEnded
from users.models import User


def _session_ended() -> AuthenticationFailed:
    return AuthenticationFailed(SessionEnded.message, code=SessionEnded.code)


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Find the live token and its owner in one indexed query, by the digest of the whole token."""
        live = AuthToken.objects.select_related("user").filter(
            digest=hash_token(token.decode("latin-1")), expiry__gt=timezone.now(), user__is_active=True
        )
        auth_token = live.first()
        if auth_token is None:
            raise _session_ended()
        return auth_token.user, auth_token


class JWTAuthentication(SimpleJWTAuthentication):
    def get_raw_token(self, header: bytes) -> bytes | None:
        """Return what comes after `Bearer`; refuse a header with less or more than that."""
        try:
            return super().get_raw_token(header)
        except AuthenticationFailed:  # its detail is a dictionary, which is no text for a problem document
            raise AuthenticationFailed from None

    def get_validated_token(self, raw_token: bytes) -> Token:
        try:
            return super().get_validated_token(raw_token)
        except AuthenticationFailed:
            raise _session_ended() from None

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        """Find the person; refuse a token from before they signed out everywhere."""
        try:
            user = cast("User", super().get_user(validated_token))
        except AuthenticationFailed:
            raise _session_ended() from None
        if validated_token.get(EPOCH_CLAIM) != user.session_epoch:
            raise _session_ended()
        return user
