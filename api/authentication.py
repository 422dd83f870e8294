"""Who is asking: `Authorization: Token …` or `Authorization: Bearer …`. Cookies sign nobody in here."""

from typing import cast

from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication as SimpleJWTAuthentication
from rest_framework_simplejwt.tokens import Token

from api.sessions import EPOCH_CLAIM
from users.exceptions import SessionEnded
from users.models import User


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Find the live token and its owner in one indexed query, by the digest of the whole token."""
        live = AuthToken.objects.select_related("user").filter(
            digest=hash_token(token.decode("latin-1")), expiry__gt=timezone.now(), user__is_active=True
        )
        auth_token = live.first()
        if auth_token is None:
            raise SessionEnded
        return auth_token.user, auth_token


class JWTAuthentication(SimpleJWTAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Token] | None:  # type: ignore[override]
        """Refuse every token that is not in order in the same words: the library's own errors are no plain text."""
        try:
            return cast("tuple[User, Token] | None", super().authenticate(request))
        except AuthenticationFailed:
            raise SessionEnded from None

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        """Find the person; refuse a token from before they signed out everywhere."""
        user = cast("User", super().get_user(validated_token))
        if validated_token.get(EPOCH_CLAIM) != user.session_epoch:
            raise SessionEnded
        return user
