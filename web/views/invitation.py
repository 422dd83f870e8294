"""The landing page of a share link, and its QR code."""

import io
from http import HTTPStatus

import segno
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from common.http.client_ip import client_ip_of
from users import referral_codes
from users.referrals import activation, visibility
from users.referrals.share_link import share_link
from users.refusals import ReferralCodeNotFound
from web.forms import PhoneNumberForm

_QR_SECONDS = 24 * 60 * 60


@require_safe
def invitation(request: HttpRequest, referral_code: str) -> HttpResponse:
    try:
        owner = activation.owner_of(referral_code=referral_code, client_ip=client_ip_of(request))
    except ReferralCodeNotFound as refusal:
        context = {"form": PhoneNumberForm(), "refusal": refusal}
        return render(request, "web/unknown_invitation.html", context, status=HTTPStatus.NOT_FOUND)
    form = PhoneNumberForm(initial={"used_referral_code": owner.referral_code})
    context = {
        "form": form,
        "referral_code": owner.referral_code,
        "is_mine": owner == request.user,
        "visibility": visibility.notice(),
    }
    return render(request, "web/invitation.html", context)


@require_safe
def garbled(request: HttpRequest, referral_code: str) -> HttpResponse:
    """Lead to the page of the code, which also refuses an unknown one."""
    page = reverse("web:invitation", args=[next(iter(referral_codes.readings(referral_code)), referral_code)])
    query = request.META["QUERY_STRING"]
    return redirect(f"{page}?{query}" if query else page)


@cache_control(public=True, max_age=_QR_SECONDS)
@require_safe
def qr_code(_request: HttpRequest, referral_code: str) -> HttpResponse:
    """Draw the share link of any well-formed code; the page behind the link checks that the code exists."""
    codes = referral_codes.readings(referral_code)
    if not codes:
        raise Http404
    picture = io.BytesIO()
    # Dark on light in every theme, with a quiet zone of four modules (ISO/IEC 18004), for scanners.
    qr = segno.make_qr(share_link(referral_code=codes[0]))
    qr.save(picture, kind="svg", border=4, light="#fff", omitsize=True)
    return HttpResponse(picture.getvalue(), content_type="image/svg+xml")
