"""Authentication by `Authorization: Bearer …`, `Token …` or `Key …`. Session cookies are ignored."""

from typing import ClassVar, cast

from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication as SimpleJWTAuthentication
from rest_framework_simplejwt.tokens import Token

from common.database import sql
from common.http.client_ip import client_address_of
from common.http.headers import header_of
from users.models import USED_REFERRAL_CODE, ServiceAccount, ServiceKey, User
from users.people.jwt_sessions import EPOCH_CLAIM, FAMILY_CLAIM
from users.people.open_sessions import CurrentSession, Kind, device_of
from users.people.sessions import earliest_expiry, note_token_use
from users.refusals import ServiceKeyInvalid, ServiceKeyRequired, SessionEnded
from users.services import keys

_OWNER_OF_TOKEN = f"""
    SELECT users_user.*, {USED_REFERRAL_CODE}, session.last_used_on AS token_used_on
    FROM knox_authtoken AS token JOIN users_user ON users_user.id = token.user_id
    LEFT JOIN users_usersession AS session ON session.credential = token.digest
    WHERE token.digest = %s AND token.expiry > %s AND users_user.is_active
"""  # noqa: S608  constants only


def credential_of(request: Request, wanted: str) -> str | None:
    """Return what follows this scheme, which has no case (RFC 9110, section 11.1); None for another scheme.

    Raises `AuthenticationFailed` if that is not one word.
    """
    scheme, _, rest = (header_of(request, "Authorization") or "").strip().partition(" ")
    if scheme.lower() != wanted:
        return None
    words = rest.split()
    if len(words) != 1:
        raise AuthenticationFailed
    return words[0]


def is_jwt(credential: str) -> bool:
    # Three parts with dots between them (RFC 7515, section 7.1); the token of a login is hexadecimal.
    return "." in credential


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        """Take the token of a login as `Token` or, as most generated clients send it, as `Bearer` (RFC 6750)."""
        bearer = credential_of(request, "bearer")
        token = credential_of(request, "token") if bearer is None or is_jwt(bearer) else bearer
        if token is None:
            return None
        user, session = self.authenticate_credentials(token)
        # The column is a text on SQLite.
        if str(user.token_used_on) != timezone.now().date().isoformat():  # type: ignore[attr-defined]
            note_token_use(session, device_of(request))
        return user, session

    def authenticate_credentials(self, token: str) -> tuple[User, AuthToken]:
        """Find the active user of an unexpired token, in one indexed query by the digest of the token."""
        digest = hash_token(token)
        user = sql.find_one(User, _OWNER_OF_TOKEN, digest, earliest_expiry())
        if user is None:
            raise SessionEnded
        return user, AuthToken(digest=digest, user=user)


class JWTAuthentication(SimpleJWTAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Token] | None:  # type: ignore[override]
        """Raise `SessionEnded` for every invalid token: the library's error details are nested, not a text."""
        access = credential_of(request, "bearer")
        if access is None:
            return None
        return self.authenticate_token(access)

    def authenticate_token(self, access: str) -> tuple[User, Token]:
        """Return the user of an access token. Raises `SessionEnded`."""
        try:
            token = self.get_validated_token(access.encode())
            return self.get_user(token), token
        except AuthenticationFailed:
            raise SessionEnded from None

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        """Return the user. Raises `SessionEnded` for a token issued before the last sign-out everywhere."""
        user = cast("User", super().get_user(validated_token))
        if validated_token.get(EPOCH_CLAIM) != user.session_epoch:
            raise SessionEnded
        return user


def current_session(auth: AuthToken | Token) -> CurrentSession:
    """Return the session that a request of a person came with."""
    if isinstance(auth, AuthToken):
        return CurrentSession(Kind.TOKEN, auth.digest)
    return CurrentSession(Kind.JWT, auth[FAMILY_CLAIM])


class ServiceKeyAuthentication(BaseAuthentication):
    """The only authentication of the operations for services: the session of a person never opens them."""

    _OF_PERSONS: ClassVar[frozenset[str]] = frozenset({"token", "bearer"})

    def authenticate(self, request: Request) -> tuple[ServiceAccount, ServiceKey]:
        """Find the key in one indexed query. Raises `ServiceKeyInvalid` or `ServiceKeyRequired`."""
        scheme, _, clear = (header_of(request, "Authorization") or "").partition(" ")
        if scheme.lower() in self._OF_PERSONS:
            raise ServiceKeyRequired
        if scheme.lower() != "key":
            raise ServiceKeyInvalid
        key = keys.find(clear=clear.strip(), client_address=client_address_of(request))
        return key.account, key
