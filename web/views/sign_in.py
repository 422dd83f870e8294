"""Sign-in: enter a phone number, then the code that was sent to it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from common.http.client_ip import client_ip_of
from users.people.sessions import open_web_session
from users.refusals import CodeRecentlySent, Refusal
from users.sign_in import browsers, sending
from users.sign_in.first_sign_in import SignIn
from web import pending_sign_in, remembered_invitation
from web.answers import show
from web.forms import ConfirmationCodeForm, PhoneNumberForm
from web.pending_sign_in import PendingSignIn


@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_code(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("web:profile")
    remembered = remembered_invitation.recall(request)
    form = PhoneNumberForm(request.POST or None, initial={"used_referral_code": remembered, **request.GET.dict()})
    if not form.is_valid():
        return show(request, "web/sign_in.html", form=form)
    typed = form.cleaned_data
    pending = PendingSignIn(**{**typed, "used_referral_code": typed["used_referral_code"] or remembered})
    try:
        sent = sending.send_code(phone_number=pending.phone_number, client_ip=client_ip_of(request))
    except Refusal as refusal:
        form.refuse(refusal)
        answer = show(request, "web/sign_in.html", form=form)
        if isinstance(refusal, CodeRecentlySent) and not _is_waiting_for(request, pending.phone_number):
            pending_sign_in.remember(answer, pending.due_in(int(refusal.details["retry_after"])))
        return answer
    return pending_sign_in.remember(redirect("web:redeem-code"), pending.after(sent))


@sensitive_post_parameters("confirmation_code")
@require_http_methods(["GET", "HEAD", "POST"])
def redeem_code(request: HttpRequest) -> HttpResponse:
    pending = pending_sign_in.recall(request)
    if pending is None:
        return redirect("web:sign-in")
    if "resend" in request.POST:
        return _resend_code(request, pending)
    form = _code_form(pending, request.POST)
    if not form.is_valid():
        return show(request, "web/code.html", form=form, pending=pending)
    used_referral_code = form.cleaned_data["used_referral_code"]

    def open_session(signed_in: SignIn) -> HttpResponse:
        open_web_session(request, user=signed_in.user)
        return _redirect_after_sign_in(request, signed_in, used_referral_code=used_referral_code, next_url=pending.next)

    try:
        answer = browsers.sign_in(
            cookie=pending_sign_in.cookie_of(request),
            phone_number=pending.phone_number,
            client_ip=client_ip_of(request),
            open_session=open_session,
            **form.cleaned_data,
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return show(request, "web/code.html", form=form, pending=pending)
    return remembered_invitation.forget(pending_sign_in.forget(answer))


def _resend_code(request: HttpRequest, pending: PendingSignIn) -> HttpResponse:
    try:
        sent = sending.send_code(phone_number=pending.phone_number, client_ip=client_ip_of(request))
    except Refusal as refusal:
        form = _code_form(pending)
        form.refuse(refusal)
        return show(request, "web/code.html", form=form, pending=pending)
    messages.success(request, _("A new code is on its way. The one before is void."))
    return pending_sign_in.remember(redirect("web:redeem-code"), pending.after(sent))


def _code_form(pending: PendingSignIn, data: QueryDict | None = None) -> ConfirmationCodeForm:
    initial = {"used_referral_code": pending.used_referral_code}
    return ConfirmationCodeForm(data or None, initial=initial, code_length=pending.digits)


def _is_waiting_for(request: HttpRequest, phone_number: str) -> bool:
    pending = pending_sign_in.recall(request)
    return pending is not None and pending.phone_number == phone_number


def _redirect_after_sign_in(
    request: HttpRequest, signed_in: SignIn, *, used_referral_code: str, next_url: str
) -> HttpResponse:
    if signed_in.is_new_user:
        messages.success(request, _welcome(signed_in))
        if signed_in.referral_refusal:
            messages.info(request, str(signed_in.referral_refusal))
    elif signed_in.user.used_referral_code is None and used_referral_code not in ("", signed_in.user.referral_code):
        messages.info(request, _("You were registered before, so the invite code was not activated yet."))
        return redirect(f"{reverse('web:profile')}?{urlencode({'used_referral_code': used_referral_code})}")
    return redirect(next_url or "web:profile")


def _welcome(signed_in: SignIn) -> str:
    if code := signed_in.user.used_referral_code:
        welcome = _("Welcome! You came with the invite code %(code)s: it is activated. Below is your own, for good.")
        return welcome % {"code": code}
    return _("Welcome! This is your own invite code. It stays yours for good.")
