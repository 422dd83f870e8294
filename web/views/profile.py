"""The profile page: own invite code, referrals, inviter."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from users.people.profile import change_profile
from users.referrals.share_link import share_link
from users.refusals import Refusal
from web.answers import show
from web.forms import ReferralCodeForm
from web.referral_pages import page_of
from web.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    form = ReferralCodeForm(request.POST or None, initial=request.GET.dict())
    if form.is_valid():
        try:
            change_profile(user=request.user, **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The invite code is activated. Welcome among friends!"))
            return redirect("web:profile")
    return show(
        request,
        "web/profile.html",
        form=form,
        link=share_link(referral_code=request.user.referral_code),
        page=page_of(request.user, before=request.GET.get("before", "")),
    )
