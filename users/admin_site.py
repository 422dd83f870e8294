"""Who gets into the admin panel, and for how long."""

from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from unfold.sites import UnfoldAdminSite

from users import audit
from users.models import User
from users.sessions import opened_by_code


class Panel(UnfoldAdminSite):  # type: ignore[misc]
    def has_permission(self, request: HttpRequest) -> bool:
        """Let staff in by password only: four digits sent to a phone open one's own profile, not everybody's."""
        return bool(super().has_permission(request)) and not opened_by_code(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        page: HttpResponse = super().login(request, extra_context)
        if _succeeded(request, page):
            request.session.set_expiry(settings.ADMIN_SESSION_HOURS * 3600)
            audit.record(by=request, action=audit.Action.SIGNED_IN)
        return page

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        page: HttpResponse = super().password_change(request, extra_context)
        if _succeeded(request, page):
            me = cast("User", request.user)
            audit.record(by=request, action=audit.Action.CHANGED, about=me, details={"password": None})
        return page


def _succeeded(request: HttpRequest, page: HttpResponse) -> bool:
    return request.method == "POST" and page.status_code == HTTPStatus.FOUND
