"""Web sessions, and the end of every session of whatever kind."""

from django.contrib.auth import BACKEND_SESSION_KEY, login
from django.contrib.auth.backends import BaseBackend
from django.db.models import F
from django.http import HttpRequest
from knox.models import AuthToken

from users.models import User


class ConfirmationCodeBackend(BaseBackend):
    """Names, in a web session, the way it was opened: by a code sent to a phone, not by a password."""

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


_BY_CODE = f"{ConfirmationCodeBackend.__module__}.{ConfirmationCodeBackend.__qualname__}"


def open_web_session(request: HttpRequest, *, user: User) -> None:
    """Sign the browser in under a new session key, so that no key known before is worth anything."""
    login(request, user, backend=_BY_CODE)


def opened_by_code(request: HttpRequest) -> bool:
    """Whether no password stands behind this web session: enough for oneself, not for the admin panel."""
    return bool(request.session.get(BACKEND_SESSION_KEY) == _BY_CODE)


def end_all_sessions(*, user: User) -> None:
    """End every token, JWT and web session of a person at once."""
    AuthToken.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
