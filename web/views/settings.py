"""The settings page: name, sign-out, personal data, account deletion."""

from django.conf import settings as conf
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import users.people.personal_data
from users.models import User
from users.people import erasure
from users.people.profile import change_profile
from users.people.sessions import end_all_sessions
from web.answers import show
from web.forms import ErasureForm, OwnFieldsForm
from web.requests import SignedInRequest
from web.views.account import needs_confirmed_session


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: SignedInRequest) -> HttpResponse:
    own = {name: getattr(request.user, name) for name in User.OWN_FIELDS}
    form = OwnFieldsForm(request.POST or None, initial=own)
    if form.is_valid():
        change_profile(user=request.user, **form.cleaned_data)
        messages.success(request, _("Your name is saved."))
        return redirect("web:settings")
    return show(request, "web/settings.html", form=form)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, _("You are signed out in this browser."))
    return redirect("web:start")


@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        end_all_sessions(user=request.user)
    logout(request)
    messages.success(request, _("You are signed out everywhere: in every browser and every program."))
    return redirect("web:start")


@login_required
@require_safe
@needs_confirmed_session
def personal_data(request: SignedInRequest) -> StreamingHttpResponse:
    return users.people.personal_data.download(request.user)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@needs_confirmed_session
def erase(request: SignedInRequest) -> HttpResponse:
    form = ErasureForm(request.POST or None)
    if not form.is_valid():
        return show(request, "web/erase.html", form=form, number_memory=_number_memory())
    erasure.erase(user=request.user)
    logout(request)
    messages.success(request, _("Everything about you is deleted."))
    return redirect("web:start")


def _number_memory() -> str:
    """Return what stays of the number after an erasure; "" if nothing does."""
    days = conf.NUMBER_MEMORY_DAYS
    if not days:
        return ""
    return ngettext(
        "A digest of your phone number is kept for %(days)d day; the number can't be read from it without the key of "
        "this service. If you sign up with this number again in that time, you can't activate an invite code.",
        "A digest of your phone number is kept for %(days)d days; the number can't be read from it without the key of "
        "this service. If you sign up with this number again in that time, you can't activate an invite code.",
        days,
    ) % {"days": days}
