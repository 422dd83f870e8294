"""The start page, the theme, the Postman files, what robots and phones ask for."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.csrf import csrf_failure
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from common.http import paths
from common.http.redirects import safe_url
from web import pictures, theme

POSTMAN_FILES = ("referral.postman_collection.json", "local.postman_environment.json")


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    return render(request, "web/start.html")


@cache_control(public=True, max_age=24 * 60 * 60)
@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """Let robots see the start page and the share links, whose cards messengers show (RFC 9309)."""
    closed = [paths.ADMIN, paths.API, "/profile/", "/settings/", "/sign-in/"]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@cache_control(public=True, max_age=24 * 60 * 60)
@require_safe
def touch_icon(_request: HttpRequest) -> HttpResponse:
    """Answer with the operator's PNG logo, or with the project's mark."""
    logo = Path(settings.BRAND_LOGO) if settings.BRAND_LOGO else None
    icon = logo.read_bytes() if logo and logo.suffix.lower() == ".png" else pictures.icon()
    return HttpResponse(icon, content_type="image/png")


@require_safe
def postman(_request: HttpRequest, file: str) -> FileResponse:
    if file not in POSTMAN_FILES:
        raise Http404
    return FileResponse((settings.BASE_DIR / "postman" / file).open("rb"), as_attachment=True)


def refuse_form(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer a form with a CSRF token that does not fit: that of a code was sent before if the person is signed in."""
    is_second = request.path == reverse("web:redeem-code") and "csrfmiddlewaretoken" in request.POST
    if is_second and request.user.is_authenticated:
        return redirect("web:profile")
    return csrf_failure(request, reason)


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    answer = HttpResponseRedirect(safe_url(request.POST.get("next", "")) or "/")
    theme.remember(answer, request.POST.get("theme", ""))
    return answer
