"""Lockout after wrong passwords of staff: django-axes with the limits of this panel."""

from datetime import timedelta
from functools import partial
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.exceptions import AxesBackendPermissionDenied
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.backends import ModelBackend
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from common.http.client_ip import UNKNOWN, client_ip_digest, client_ip_of
from users import phones
from users.limits import limits
from users.models import AuditRecord, User
from users.refusals import PhoneNumberInvalid, SignInLocked


class PasswordBackend(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc]
    """Checks the password unless the client IP, the phone number from this client IP, or the phone number is locked.

    The lock of a number does not apply to a client IP from which its owner has signed in lately.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **others: Any
    ) -> User | None:
        super().authenticate(request, username, password, **others)
        number = phone_number_of(request, {"username": username})
        try:
            # Reserved first: concurrent guesses from many addresses get no further than the limit.
            use = _use_of(number).unless(partial(_is_known, request, number))
            counted = limits.take(use) if number else []  # without a number there is no password to guess
        except SignInLocked as locked:
            request.axes_locked_out, request.seconds_locked = True, locked.details["retry_after"]  # type: ignore[union-attr]
            raise AxesBackendPermissionDenied from locked
        user = ModelBackend.authenticate(self, request, username, password, **others)
        if user and counted:
            limits.refund(counted[0])
        return user


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts failures by phone number and client IP, and by client IP alone with a higher limit."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        of_number, of_client_ip = map(_failures, self.get_user_attempts(request, credentials))
        is_locked = of_client_ip >= settings.ADMIN_WRONG_PASSWORDS_PER_ADDRESS
        return settings.AXES_FAILURE_LIMIT if is_locked else of_number

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        # A sign-in on the pages uses no password; with a second factor, the sign-in is not complete yet.
        if self.is_admin_request(request) and not settings.STAFF_SECOND_FACTOR:
            super().user_logged_in(sender, request, user, **kwargs)

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Reset this number only: a correct password must not reset the limit of the client IP."""
        of_number, _of_client_ip = self.filter_user_attempts(request, credentials)
        return int(of_number.delete()[0])


def unlock(*, phone_number: str) -> None:
    """Forget the wrong passwords for a number from all addresses together."""
    limits.forget(_use_of(phone_number))


def _use_of(phone_number: str) -> limits.Use:
    return limits.WRONG_PASSWORDS_PER_NUMBER.of(phone_number)


def _is_known(request: Any, phone_number: str) -> bool:
    """Return True if this member of staff has signed in from this client IP during KNOWN_ADDRESS_DAYS."""
    since = timezone.now() - timedelta(days=settings.KNOWN_ADDRESS_DAYS)
    actor = User.objects.filter(phone_number=phone_number).first()
    signed_in = AuditRecord.objects.filter(actor=actor, action=AuditRecord.Action.SIGNED_IN, at__gt=since)
    return actor is not None and signed_in.filter(address=client_ip_digest(client_ip_of(request))).exists()


def forgive(request: HttpRequest) -> None:
    """Reset the failures of the signed-in user after a complete sign-in."""
    AxesProxyHandler.update_request(request)
    Handler().reset_user_attempts(request, {"username": request.user.get_username()})


def _failures(attempts: QuerySet[AccessAttempt]) -> int:
    return int(attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0)


def phone_number_of(_request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """Return the phone number of an attempt as E.164, so that other spellings count together; "" if invalid."""
    try:
        return phones.normalize((credentials or {}).get("username") or "")
    except PhoneNumberInvalid:
        return ""


def locked_ip(request: HttpRequest) -> str | None:
    """Return the client IP that locks count, for IPv6 the first of its /64; None if it is unknown."""
    client_ip = client_ip_of(request).partition("/")[0]
    return None if client_ip == UNKNOWN else client_ip


def answer(request: HttpRequest, *_about: Any) -> HttpResponse:
    """Answer 429, with the same page for registered and unknown numbers."""
    seconds = getattr(request, "seconds_locked", int(settings.AXES_COOLOFF_TIME.total_seconds()))
    context = {
        **admin.site.each_context(request),
        "title": _("Signing in is locked"),
        "minutes": -(-seconds // 60),
    }
    page = render(request, "admin/users/locked_out.html", context, status=429)
    page["Retry-After"] = str(seconds)
    return page
