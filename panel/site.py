"""Access to the admin panel: password, second factor, length of the session."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.sites import UnfoldAdminSite

from panel import audited, second_factor
from users import audit
from users.models import User
from users.people.sessions import opened_by_code


class Panel(UnfoldAdminSite):  # type: ignore[misc]
    def has_permission(self, request: HttpRequest) -> bool:
        return self._knows_password(request) and second_factor.is_passed(request)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Let only permitted staff through, and record what the page shows them."""
        admin_view: Callable[..., Any] = super().admin_view(audited.records_what_it_shows(view), cacheable)
        return admin_view

    def _knows_password(self, request: HttpRequest) -> bool:
        """True for staff with a password session: a confirmation code opens only one's own profile."""
        return bool(super().has_permission(request)) and not opened_by_code(request)

    def extra_urls(self) -> list[URLPattern]:
        from panel import delivery_report

        return [
            path("second-factor/", self.second_factor, name="second_factor"),
            path("delivery-report/", self.admin_view(delivery_report.page), name="delivery_report"),
        ]

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        """Lead from the first part of the path above a page, which names an app, to the dashboard and the menu."""
        return redirect("admin:index")

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method == "GET" and self._knows_password(request) and not self.has_permission(request):
            return redirect(f"{reverse('admin:second_factor')}?{request.GET.urlencode()}")
        page: HttpResponse = super().login(request, extra_context)
        if _succeeded(request, page):
            request.session.set_expiry(settings.ADMIN_SESSION_HOURS * 3600)
            if not settings.STAFF_SECOND_FACTOR:
                audit.record(by=request, action=audit.Action.SIGNED_IN)
        return page

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        from panel.second_factor_page import page

        return page(request) if self._knows_password(request) else redirect("admin:login")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        page: HttpResponse = super().password_change(request, extra_context)
        if _succeeded(request, page):
            me = cast("User", request.user)
            audit.record(by=request, action=audit.Action.CHANGED, about=me, details={"password": None})
        return page


def _succeeded(request: HttpRequest, page: HttpResponse) -> bool:
    return request.method == "POST" and page.status_code == HTTPStatus.FOUND
