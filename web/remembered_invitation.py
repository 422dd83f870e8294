"""The invite code of the share link that a browser opened last, in a cookie: its owner may sign up days later."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from users import referral_codes

_DAY_SECONDS = 24 * 60 * 60


def remember(answer: HttpResponse, referral_code: str) -> HttpResponse:
    """Keep a code for ATTRIBUTION_DAYS, in place of the one before."""
    if settings.ATTRIBUTION_DAYS:
        answer.set_cookie(
            settings.INVITATION_COOKIE_NAME,
            referral_code,
            max_age=settings.ATTRIBUTION_DAYS * _DAY_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answer


def recall(request: HttpRequest) -> str:
    """Return the code, "" without one."""
    return next(iter(referral_codes.readings(request.COOKIES.get(settings.INVITATION_COOKIE_NAME, ""))), "")


def forget(answer: HttpResponse) -> HttpResponse:
    answer.delete_cookie(settings.INVITATION_COOKIE_NAME, samesite="Lax")
    return answer
