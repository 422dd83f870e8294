"""Page after the password: staff enter their second factor or set it up."""

from typing import Any

import segno
from django import forms
from django.contrib import admin
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.widgets import UnfoldAdminTextInputWidget

from common.http.redirects import safe_url
from panel import lockout, second_factor
from panel.filters import DaysFilter
from panel.lists import ReadOnlyModelAdmin, link_to
from users import audit, reading
from users.models import SecondFactor, User

# django-otp's admin pages show the secrets.
admin.site.unregister([TOTPDevice, StaticDevice])


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=reading.MAX_TYPED,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )

    def clean_code(self) -> str:
        return reading.code(self.cleaned_data["code"])


@never_cache
@sensitive_post_parameters("code")
def page(request: HttpRequest) -> HttpResponse:
    """Ask for a code; show how to set up the app if there is none."""
    if "leave" in request.POST:
        logout(request)
        return redirect("admin:login")
    if second_factor.is_passed(request):
        return redirect(_next(request))
    if second_factor.is_locked(request):
        return lockout.answer(request)
    form = CodeForm(request.POST or None)
    app = second_factor.app_of(request.user)  # type: ignore[arg-type]  # `Panel.second_factor` lets only staff through
    if form.is_valid():
        if app.confirmed and second_factor.enter(request, code=form.cleaned_data["code"]):
            return redirect(_next(request))
        if not app.confirmed and (codes := second_factor.confirm(request, code=form.cleaned_data["code"])):
            return _show(request, codes=codes, title=_("Recovery codes"), next=_next(request))
        form.add_error("code", _("This code is wrong or used up. After several wrong ones, wait a little."))
    return _show(request, form=form, title=_("Second factor"), **({} if app.confirmed else _setup(app)))


def _setup(app: TOTPDevice) -> dict[str, Any]:
    picture = segno.make(app.config_url).svg_data_uri(scale=4, border=3, light="white")
    secret = app.config_url.partition("secret=")[2].partition("&")[0]
    return {"picture": picture, "secret": secret.removesuffix("%3D")}


def _next(request: HttpRequest) -> str:
    return safe_url(request.GET.get("next", "")) or reverse("admin:index")


def _show(request: HttpRequest, **context: Any) -> HttpResponse:
    return render(request, "admin/users/second_factor.html", {**admin.site.each_context(request), **context})


@admin.register(SecondFactor)
class SecondFactorAdmin(ReadOnlyModelAdmin):
    """Deleting a row resets the second factor of a user who lost phone and recovery codes. Superusers only."""

    actions = ()  # type: ignore[assignment]
    list_display = ("owner", "is_set_up", "since", "last_used")
    list_select_related = ("user",)
    list_filter = (("created_at", DaysFilter),)
    sortable_by = ()
    fields = readonly_fields = ("owner", "is_set_up", "since", "last_used")

    @admin.display(description=_("person"))
    def owner(self, device: SecondFactor) -> str:
        return link_to(device.user)

    @admin.display(description=_("set up"), boolean=True)
    def is_set_up(self, device: SecondFactor) -> bool:
        return bool(device.confirmed)

    @admin.display(description=_("since"))
    def since(self, device: SecondFactor) -> Any:
        return device.created_at

    @admin.display(description=_("last used"))
    def last_used(self, device: SecondFactor) -> Any:
        return device.last_used_at

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_delete_permission = has_view_permission

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        consequence = str(_("They set up a new second factor when they next come."))
        return [*(self.owner(each) for each in objs), consequence], {}, set(), []

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        for device in queryset:
            audit.record(by=request, action=audit.Action.CHANGED, about=device.user, details={"second_factor": None})

    def delete_model(self, request: HttpRequest, obj: SecondFactor) -> None:
        second_factor.reset(user=obj.user)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for user in User.objects.filter(pk__in=queryset.values("user")):
            second_factor.reset(user=user)
