"""Sessions of a user, of every kind: the only place that opens, lists and ends them.

| kind | credential | stored | ended by |
|---|---|---|---|
| token session | a random token, `Authorization: Token ...` | its digest (knox) | deleting the row |
| JWT session | an access and a refresh token, renewed together | only once voided | voiding the refresh token |
| web session | a cookie | Django's session | Django's `logout` |

`User.session_epoch` is part of every JWT and web session: raising it ends all of them.
"""

from datetime import datetime

from django.contrib.auth import BACKEND_SESSION_KEY, login
from django.contrib.auth.backends import BaseBackend
from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS, knox_settings
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from common.database import sql
from users.limits import limits
from users.models import User
from users.refusals import JWTSession, SessionEnded

EPOCH_CLAIM = "epoch"


# Token sessions


def open_token_session(user: User) -> tuple[str, datetime]:
    """Return a new token in clear, which is not stored, and its expiry (UTC).

    Call it in the transaction of the sign-in: then the user can't be erased meanwhile.
    """
    digest, token = get_digest_token()
    expires_at = timezone.now() + knox_settings.TOKEN_TTL
    session = AuthToken(digest=digest, token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH], user=user, expiry=expires_at)
    sql.insert(session)
    return token, expires_at


def token_sessions_of(user: User) -> QuerySet[AuthToken]:
    """Return the token sessions of a user, oldest first."""
    sessions: QuerySet[AuthToken] = AuthToken.objects.filter(user=user)
    return sessions.order_by("created")


def end_session(session: AuthToken | AccessToken) -> None:
    """End the session of a request. Raises `JWTSession` for a JWT: that ends by its refresh token."""
    if not isinstance(session, AuthToken):
        raise JWTSession
    session.delete()


# JWT sessions


def open_jwt_session(user: User) -> RefreshToken:
    """Return a refresh token (RFC 7519); its `access_token` completes the pair. Neither is stored."""
    refresh = RefreshToken()
    refresh[api_settings.USER_ID_CLAIM] = str(user.pk)
    refresh[EPOCH_CLAIM] = user.session_epoch
    return refresh


def renew_jwt_session(refresh_token: str) -> RefreshToken:
    """Exchange a refresh token for a new one; each works once. Raises `SessionEnded` or `TooManyRenewals`."""
    claims = _verified(refresh_token)
    limits.take(limits.JWT_RENEWALS_PER_PERSON.of(claims.get(api_settings.USER_ID_CLAIM)))
    _void(claims)
    user = User.objects.filter(pk=claims.get(api_settings.USER_ID_CLAIM), is_active=True).first()
    if user is None or claims.get(EPOCH_CLAIM) != user.session_epoch:
        raise SessionEnded
    return open_jwt_session(user)


def end_jwt_session(refresh_token: str) -> None:
    """Void a refresh token. Raises `SessionEnded` if it was void already."""
    _void(_verified(refresh_token))


def _verified(refresh_token: str) -> RefreshToken:
    """Check signature, expiry and use. Raises `SessionEnded`."""
    try:
        return RefreshToken(refresh_token)  # type: ignore[arg-type]
    except TokenError:
        raise SessionEnded from None


def _void(refresh: RefreshToken) -> None:
    try:
        _, is_first_use = refresh.blacklist()  # type: ignore[misc]
    except IntegrityError:  # the user is being erased
        raise SessionEnded from None
    if not is_first_use:  # type: ignore[has-type]  # a concurrent request used the same token
        raise SessionEnded


# Web sessions


class ConfirmationCodeBackend(BaseBackend):
    """Marks a web session as opened by a confirmation code, not by a password."""

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


_BY_CODE = f"{ConfirmationCodeBackend.__module__}.{ConfirmationCodeBackend.__qualname__}"


def open_web_session(request: HttpRequest, *, user: User) -> None:
    """Sign the browser in under a new session key, which prevents session fixation.

    Call it in the transaction of the sign-in.
    """
    login(request, user, backend=_BY_CODE)
    # Now, not when the answer is made: a session that can't be stored must leave the code valid.
    request.session.save()


def opened_by_code(request: HttpRequest) -> bool:
    """Return True if the web session was opened by a confirmation code: not enough for the admin panel."""
    return bool(request.session.get(BACKEND_SESSION_KEY) == _BY_CODE)


# All kinds


def end_all_sessions(*, user: User) -> None:
    """End every token, JWT and web session of a user."""
    token_sessions_of(user).delete()
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def forget_voided_jwts(*, user: User) -> None:
    """Delete the stored refresh tokens of a user who is being erased; deleting the user would only detach them."""
    OutstandingToken.objects.filter(user=user).delete()


def expired_token_sessions() -> QuerySet[AuthToken]:
    expired: QuerySet[AuthToken] = AuthToken.objects.filter(expiry__lt=timezone.now())
    return expired


def expired_jwts() -> QuerySet[OutstandingToken]:
    """Return voided refresh tokens that have expired, the only ones stored; their blacklist rows cascade."""
    return OutstandingToken.objects.filter(expires_at__lt=timezone.now())


def expired_web_sessions() -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=timezone.now())
