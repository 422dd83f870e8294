"""The landing page of a share link, its QR code, the page to print, and the card that messengers show."""

import io
from functools import partial
from http import HTTPStatus
from typing import Any
from zlib import crc32

import segno
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, override
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from common.brand import facts
from common.http import public_url
from common.http.client_ip import client_ip_of
from users import referral_codes
from users.referrals import activation, visibility
from users.referrals.share_link import share_link
from users.refusals import ReferralCodeNotFound
from web import pictures, remembered_invitation
from web.forms import PhoneNumberForm

_DAY_SECONDS = 24 * 60 * 60
_LONGEST_SHOWN = 20
_QR_OPTIONS: dict[str, dict[str, Any]] = {"svg": {"omitsize": True}, "png": {"scale": 20}}


@require_safe
def invitation(request: HttpRequest, referral_code: str) -> HttpResponse:
    try:
        owner = activation.owner_of(referral_code=referral_code, client_ip=client_ip_of(request))
    except ReferralCodeNotFound as refusal:
        context = {"form": PhoneNumberForm(), "refusal": refusal, "typed": referral_code[:_LONGEST_SHOWN]}
        return render(request, "web/unknown_invitation.html", context, status=HTTPStatus.NOT_FOUND)
    form = PhoneNumberForm(initial={"used_referral_code": owner.referral_code})
    context = {
        "form": form,
        "referral_code": owner.referral_code,
        "is_mine": owner == request.user,
        "visibility": visibility.notice(),
        "card": public_url.absolute(reverse("web:card", args=[owner.referral_code, get_language()])),
        "link": share_link(referral_code=owner.referral_code),
    }
    answer = render(request, "web/invitation.html", context)
    return answer if request.user.is_authenticated else remembered_invitation.remember(answer, owner.referral_code)


@require_safe
def typed(request: HttpRequest) -> HttpResponse:
    """Lead from the form of an unknown code to the page of the code that was typed instead."""
    code = request.GET.get("code", "").strip()[:_LONGEST_SHOWN]
    code = next(iter(referral_codes.readings(code)), code.replace("/", ""))
    return redirect("web:invitation", code) if code else redirect("web:start")


@require_safe
def garbled(request: HttpRequest, referral_code: str) -> HttpResponse:
    """Lead to the page of the code, which also refuses an unknown one."""
    page = reverse("web:invitation", args=[next(iter(referral_codes.readings(referral_code)), referral_code)])
    query = request.META["QUERY_STRING"]
    return redirect(f"{page}?{query}" if query else page)


@cache_control(public=True, max_age=_DAY_SECONDS)
@require_safe
def qr_code(_request: HttpRequest, referral_code: str, kind: str) -> HttpResponse:
    """Draw the share link of any well-formed code; the page behind the link checks that the code exists."""
    picture = io.BytesIO()
    # Dark on light in every theme, with a quiet zone of four modules (ISO/IEC 18004), for scanners.
    qr = segno.make_qr(share_link(referral_code=_well_formed(referral_code)))
    qr.save(picture, kind=kind, border=4, light="#fff", **_QR_OPTIONS[kind])
    return HttpResponse(picture.getvalue(), content_type={"svg": "image/svg+xml", "png": "image/png"}[kind])


@require_safe
def printed(request: HttpRequest, referral_code: str) -> HttpResponse:
    """Show the QR code and the link of any well-formed code on one sheet of paper."""
    code = _well_formed(referral_code)
    return render(request, "web/print.html", {"referral_code": code, "link": share_link(referral_code=code)})


@cache_control(public=True, max_age=_DAY_SECONDS)
@require_safe
def card(request: HttpRequest, referral_code: str, language: str) -> HttpResponse:
    """Draw the card of a code that exists."""
    try:
        owner = activation.owner_of(referral_code=referral_code, client_ip=client_ip_of(request))
    except ReferralCodeNotFound:
        raise Http404 from None
    with override(language):
        words = crc32(f"{facts.service_name()}\0{facts.welcome_text()}".encode())
        key = f"card:{owner.referral_code}:{language}:{settings.BRAND_COLOR}:{words}"
        picture = cache.get_or_set(key, partial(pictures.card, owner.referral_code), _DAY_SECONDS)
    # Chats in a browser load it from their own pages.
    return HttpResponse(picture, content_type="image/png", headers={"Cross-Origin-Resource-Policy": "cross-origin"})


def _well_formed(referral_code: str) -> str:
    codes = referral_codes.readings(referral_code)
    if not codes:
        raise Http404
    return codes[0]
