"""Sessions of a user, of every kind. This module opens, lists and ends them; for JWTs `jwt_sessions` does.

| kind | credential | stored | ended by |
|---|---|---|---|
| token session | a random token, `Authorization: Token ...` | its digest (knox) | deleting the row |
| JWT session | an access and a refresh token, renewed together | once renewed, in one row | its refresh token |
| web session | a cookie | Django's session | Django's `logout` |

`User.session_epoch` is part of every JWT and web session: raising it ends all of them.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, login, update_session_auth_hash
from django.contrib.auth.backends import BaseBackend
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS, knox_settings
from rest_framework_simplejwt.tokens import AccessToken

from common.database import sql
from users.models import NUMBER_WAS_HERE_BEFORE, USED_REFERRAL_CODE, User, UserSession, memory_start
from users.people import open_sessions
from users.people.open_sessions import UNKNOWN_DEVICE, CurrentSession, Device, Kind
from users.refusals import JWTSession

# Token sessions


def open_token_session(user: User, device: Device = UNKNOWN_DEVICE) -> tuple[str, datetime]:
    """Return a new token in clear, which is not stored, and its expiry (UTC).

    Call it in the transaction of the sign-in: its lock of the user's row orders this and `User.end_all_sessions`, so
    that no token is stored after the sessions ended.
    """
    digest, token = get_digest_token()
    expires_at = timezone.now() + knox_settings.TOKEN_TTL
    key = token[: CONSTANTS.TOKEN_KEY_LENGTH]
    stored = AuthToken(digest=digest, token_key=key, expiry=expires_at, user_id=user.pk)
    session = CurrentSession(Kind.TOKEN, digest)
    listed = open_sessions.row_of(session, user_id=user.pk, device=device, expires_at=expires_at)
    sql.insert_both(stored, listed, savepoint=False)
    return token, expires_at


def note_token_use(session: AuthToken, device: Device) -> None:
    """Write down that a token is used today, for the first time."""
    stored = AuthToken.objects.filter(digest=session.digest).values_list("created", "expiry").first()
    if stored:  # it has not ended since
        created, expiry = stored
        token = CurrentSession(Kind.TOKEN, session.digest)
        open_sessions.record(token, user_id=session.user_id, device=device, expires_at=expiry, opened_at=created)


def earliest_expiry() -> datetime:
    """Return the earliest expiry (UTC) of a token that is still accepted: clocks of two servers differ by seconds."""
    return timezone.now() - timedelta(seconds=settings.CLOCK_LEEWAY_SECONDS)


def token_sessions_of(user: User) -> QuerySet[AuthToken]:
    """Return the token sessions of a user, oldest first."""
    sessions: QuerySet[AuthToken] = AuthToken.objects.filter(user=user)
    return sessions.order_by("created")


def find_token_session(token: str) -> AuthToken | None:
    """Return the valid session of a token, with its active user; None for any other text."""
    valid = AuthToken.objects.filter(expiry__gt=earliest_expiry(), user__is_active=True)
    session: AuthToken | None = valid.select_related("user").filter(digest=hash_token(token)).first()
    return session


def end_session(session: AuthToken | AccessToken) -> None:
    """End the session of a request. Raises `JWTSession` for a JWT: that ends by its refresh token."""
    if not isinstance(session, AuthToken):
        raise JWTSession
    open_sessions.forget(session.digest)
    session.delete()


# Web sessions

#: Keys in the data of a session.
_OPENED_AT, _NOTED = "opened_at", "noted"


_ACTIVE_USER = f"""
    SELECT *, {USED_REFERRAL_CODE}, {NUMBER_WAS_HERE_BEFORE} FROM users_user WHERE id = %s AND is_active
"""  # noqa: S608  constants only


class ConfirmationCodeBackend(BaseBackend):
    """Marks a web session as opened by a confirmation code, not by a password."""

    def get_user(self, user_id: int) -> User | None:
        return sql.find_one(User, _ACTIVE_USER, memory_start(), user_id)


_BY_CODE = f"{ConfirmationCodeBackend.__module__}.{ConfirmationCodeBackend.__qualname__}"


def open_web_session(request: HttpRequest, *, user: User) -> None:
    """Sign the browser in under a new session key, which prevents session fixation.

    Call it in the transaction of the sign-in.
    """
    login(request, user, backend=_BY_CODE)
    # Now, not when the answer is made: a session that can't be stored must leave the code valid.
    request.session.save()


def remember_opening(*, request: HttpRequest, **_kwargs: object) -> None:
    """Store when a browser signed in; a receiver of `user_logged_in`, by a code and by a password alike."""
    request.session[_OPENED_AT] = timezone.now().timestamp()


def forget_web_session(*, request: HttpRequest, **_kwargs: object) -> None:
    """Delete the row of a browser that signs out; a receiver of `user_logged_out`, before the session is flushed."""
    if request.session.session_key:
        open_sessions.forget(request.session.session_key)


def note_web_use(request: HttpRequest) -> None:
    """Write down that a browser is used today, for the first time, or has a new session key."""
    session, now = request.session, timezone.now()
    # Not asked for by the view: then the answer does not depend on it.
    if not session.accessed or SESSION_KEY not in session:
        return
    if session.session_key is None:
        session.save()
    noted = [now.date().isoformat(), session.session_key]
    if session.get(_NOTED) == noted or not request.user.is_authenticated:
        return
    opened_at = _opened_at(request)
    # A change would prolong the session otherwise.
    expires_at = session.get_expiry_date(modification=opened_at)
    session.set_expiry(expires_at)
    session[_OPENED_AT] = opened_at.timestamp()
    session[_NOTED] = noted
    device = open_sessions.device_of(request)
    open_sessions.record(
        web_session(request), user_id=request.user.pk, device=device, expires_at=expires_at, opened_at=opened_at
    )


def keep_web_session(request: HttpRequest, *, user: User) -> None:
    """Let a browser go on after the other sessions of `user` ended, under a new session key."""
    former = web_session(request).credential
    update_session_auth_hash(request, user)
    UserSession.objects.filter(credential=former).update(credential=web_session(request).credential)


def web_session(request: HttpRequest) -> CurrentSession:
    return CurrentSession(Kind.WEB, str(request.session.session_key))


def _opened_at(request: HttpRequest) -> datetime:
    """Return when the browser signed in (UTC)."""
    if at := request.session.get(_OPENED_AT):
        return datetime.fromtimestamp(at, UTC)
    # The release before opened it: then it was stored.
    stored = Session.objects.filter(session_key=request.session.session_key).first()
    lifetime = timedelta(seconds=request.session.get_session_cookie_age())
    return stored.expire_date - lifetime if stored else timezone.now()


def opened_by_code(request: HttpRequest) -> bool:
    """Return True if the web session was opened by a confirmation code: not enough for the admin panel."""
    return bool(request.session.get(BACKEND_SESSION_KEY) == _BY_CODE)


# All kinds


def end_all_sessions(*, user: User) -> None:
    """End every token, JWT and web session of a user, as a new number, a new password and being disabled do."""
    user.end_all_sessions()


def expired_token_sessions() -> QuerySet[AuthToken]:
    expired: QuerySet[AuthToken] = AuthToken.objects.filter(expiry__lt=earliest_expiry())
    return expired


def expired_web_sessions() -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=timezone.now())
