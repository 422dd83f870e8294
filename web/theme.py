"""The theme that a user chose, in a cookie; without one, the system's preference applies."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "theme"
CHOICES = ("light", "dark")
_YEAR_SECONDS = 365 * 24 * 60 * 60


def context(request: HttpRequest) -> dict[str, str]:
    """Context processor: `theme` is "light", "dark" or ""."""
    chosen = request.COOKIES.get(COOKIE, "")
    return {"theme": chosen if chosen in CHOICES else ""}


def remember(answer: HttpResponse, chosen: str) -> None:
    if chosen in CHOICES:
        secure = settings.SESSION_COOKIE_SECURE
        answer.set_cookie(COOKIE, chosen, max_age=_YEAR_SECONDS, secure=secure, httponly=True, samesite="Lax")
    else:
        answer.delete_cookie(COOKIE, samesite="Lax")
