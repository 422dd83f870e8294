"""Guessing the passwords of staff: django-axes counts and locks, here is what is particular to this panel."""

from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.backends import ModelBackend
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from common.http.client_ip import UNKNOWN, client_ip_of
from users import phones
from users.models import User
from users.refusals import PhoneNumberInvalid


class PasswordBackend(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc]
    """Checks the password only while neither the address nor the number from this address is locked."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **others: Any
    ) -> User | None:
        super().authenticate(request, username, password, **others)
        return ModelBackend.authenticate(self, request, username, password, **others)


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts by number and address, and, up to a higher limit, by address alone."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        of_number, of_address = map(_failures, self.get_user_attempts(request, credentials))
        is_locked = of_address >= settings.ADMIN_WRONG_PASSWORDS_PER_ADDRESS
        return settings.AXES_FAILURE_LIMIT if is_locked else of_number

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        # Whoever signs in elsewhere has typed no password; with a second factor, a password alone is half a sign-in.
        if self.is_admin_request(request) and not settings.STAFF_SECOND_FACTOR:
            super().user_logged_in(sender, request, user, **kwargs)

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Forget the failures of this number only: one's own password must not buy guesses at those of others."""
        of_number, _of_address = self.filter_user_attempts(request, credentials)
        return int(of_number.delete()[0])


def forgive(request: HttpRequest) -> None:
    """Forget the failures of whoever has signed in completely."""
    AxesProxyHandler.update_request(request)
    Handler().reset_user_attempts(request, {"username": request.user.get_username()})


def _failures(attempts: QuerySet[AccessAttempt]) -> int:
    return int(attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0)


def phone_number_of(_request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Return the number that is tried (E.164), however it is typed: another spelling is no other number."""
    try:
        return phones.normalize((credentials or {}).get("username") or "")
    except PhoneNumberInvalid:
        return ""


def address_of(request: HttpRequest) -> str | None:
    """Return the client's address, of IPv6 the first of its /64; None if it is unknown."""
    address = client_ip_of(request).partition("/")[0]
    return None if address == UNKNOWN else address


def answer(request: HttpRequest, *_about: Any) -> HttpResponse:
    """Say that too much was tried: the same whether or not anybody has this number."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    context = {
        **admin.site.each_context(request),
        "title": _("Signing in is locked"),
        "minutes": -(-seconds // 60),
    }
    page = render(request, "admin/users/locked_out.html", context, status=429)
    page["Retry-After"] = str(seconds)
    return page
