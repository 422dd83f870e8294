"""Sessions of programs: a session is one revocable token, or one JWT pair after another."""

from datetime import datetime

from django.db import IntegrityError
from django.utils import timezone
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS, knox_settings
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from common.database import sql
from users.models import User
from users.refusals import AccountDisabled, JWTSession, SessionEnded

EPOCH_CLAIM = "epoch"


def open_session(user: User) -> tuple[str, datetime]:
    """Return a new token, in clear for the only time, and when it expires (UTC). Raises `AccountDisabled`."""
    digest, token = get_digest_token()
    expires_at = timezone.now() + knox_settings.TOKEN_TTL
    session = AuthToken(digest=digest, token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH], user=user, expiry=expires_at)
    try:
        sql.insert(session)
    except IntegrityError:  # erased since the code was redeemed
        raise AccountDisabled from None
    return token, expires_at


def end_session(session: AuthToken | AccessToken) -> None:
    """End the session that a request came with. Raises `JWTSession` if it is one: nothing of those is stored."""
    if not isinstance(session, AuthToken):
        raise JWTSession
    session.delete()


def open_jwt_session(user: User) -> RefreshToken:
    """Return a refresh token (RFC 7519), whose `access_token` completes the pair. Nothing of it is stored."""
    refresh = RefreshToken()
    refresh[api_settings.USER_ID_CLAIM] = str(user.pk)
    refresh[EPOCH_CLAIM] = user.session_epoch
    return refresh


def renew_jwt_session(refresh_token: str) -> RefreshToken:
    """Exchange a refresh token for a new one, once. Raises `SessionEnded`."""
    claims = end_jwt_session(refresh_token)
    user = User.objects.filter(pk=claims.get(api_settings.USER_ID_CLAIM), is_active=True).first()
    if user is None or claims.get(EPOCH_CLAIM) != user.session_epoch:
        raise SessionEnded
    return open_jwt_session(user)


def end_jwt_session(refresh_token: str) -> RefreshToken:
    """Void a refresh token and return its claims. Raises `SessionEnded` for one that is void already."""
    try:
        refresh = RefreshToken(refresh_token)  # type: ignore[arg-type]
        _, is_first_use = refresh.blacklist()  # type: ignore[misc]
    except (TokenError, IntegrityError):  # the latter: its owner is being erased
        raise SessionEnded from None
    if not is_first_use:  # type: ignore[has-type]  # somebody else has used it at this very moment
        raise SessionEnded
    return refresh
