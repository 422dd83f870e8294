"""Pages of a person who is signed in: confirming the session, changing the number."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from common.http.client_ip import client_ip_of
from common.http.redirects import safe_url
from users.account import confirmation, number_change
from users.account.refusals import ConfirmationNeeded
from users.people.sessions import keep_web_session, note_web_use, web_session
from users.refusals import Refusal
from users.sign_in.sending import SentCode
from users.sign_in.stored_codes import Binding
from web import pending_sign_in
from web.answers import show
from web.forms import CodeForm, NewNumberForm
from web.pending_sign_in import PendingSignIn
from web.requests import SignedInRequest


def needs_confirmed_session(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Lead to the page that confirms the session first, if it was opened a while ago, and then back."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        note_web_use(request)
        try:
            confirmation.require(web_session(request))
        except ConfirmationNeeded:
            return redirect(f"{reverse('web:confirm')}?{urlencode({'next': request.path})}")
        return view(request, *args, **kwargs)

    return checked


@sensitive_post_parameters("confirmation_code")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: SignedInRequest) -> HttpResponse:
    binding = confirmation.binding_of(request.user)
    pending = pending_sign_in.recall(request, binding)
    next_url = safe_url(request.GET.get("next", "")) or (pending.next if pending else "") or reverse("web:settings")
    if pending is None or pending.phone_number != request.user.phone_number:
        pending = PendingSignIn(str(request.user.phone_number))
    pending = replace(pending, next=next_url)
    here = f"{reverse('web:confirm')}?{urlencode({'next': next_url})}"
    form = _code_form(request, pending)
    try:
        if "send" in request.POST:
            sent = confirmation.request(user=request.user, client_ip=client_ip_of(request))
            return _to_code_page(redirect(here), pending, sent, binding)
        if form.is_valid():
            confirmation.confirm(
                user=request.user,
                session=web_session(request),
                client_ip=client_ip_of(request),
                **form.cleaned_data,
            )
            return pending_sign_in.forget(redirect(next_url), binding)
    except Refusal as refusal:
        form.refuse(refusal)
    return show(request, "web/confirm.html", form=form, pending=pending, action=here)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@needs_confirmed_session
def change_number(request: SignedInRequest) -> HttpResponseBase:
    form = NewNumberForm(request.POST or None)
    if form.is_valid():
        try:
            return _send_to_new_number(request, form.cleaned_data["phone_number"])
        except Refusal as refusal:
            form.refuse(refusal)
    return show(request, "web/new_number.html", form=form)


@needs_confirmed_session
def _send_to_new_number(request: SignedInRequest, number: str) -> HttpResponse:
    """Send a code and lead to its page; the session may have to be confirmed again for the next one."""
    sent = number_change.request(user=request.user, phone_number=number, client_ip=client_ip_of(request))
    binding = number_change.binding_of(request.user)
    return _to_code_page(redirect("web:confirm-number"), PendingSignIn(number), sent, binding)


@sensitive_post_parameters("confirmation_code")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_number(request: SignedInRequest) -> HttpResponseBase:
    binding = number_change.binding_of(request.user)
    pending = pending_sign_in.recall(request, binding)
    if pending is None:
        return redirect("web:change-number")
    form = _code_form(request, pending)
    try:
        if "send" in request.POST:
            return _send_to_new_number(request, pending.phone_number)
        if form.is_valid():
            number_change.confirm(
                user=request.user,
                session=web_session(request),
                client_ip=client_ip_of(request),
                **form.cleaned_data,
            )
            keep_web_session(request, user=request.user)
            messages.success(request, _("Your number is changed. You were signed out everywhere else."))
            return pending_sign_in.forget(redirect("web:settings"), binding)
    except Refusal as refusal:
        form.refuse(refusal)
    return show(request, "web/number_code.html", form=form, pending=pending)


def _code_form(request: HttpRequest, pending: PendingSignIn) -> CodeForm:
    data = request.POST if "confirmation_code" in request.POST else None
    return CodeForm(data, code_length=pending.digits)


def _to_code_page(answer: HttpResponse, pending: PendingSignIn, sent: SentCode, binding: Binding) -> HttpResponse:
    return pending_sign_in.remember(answer, pending.after(sent), binding)
