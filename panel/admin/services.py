"""Service accounts and their keys, for superusers: a key is shown once, on the page after it was made."""

from functools import partial
from ipaddress import ip_network
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from panel.filters import DaysFilter
from panel.lists import QuickModelAdmin
from users import audit
from users.models import Scope, ServiceAccount, ServiceKey
from users.services import keys


class SuperusersOnly(QuickModelAdmin):
    """The rows are not deleted here: an account is switched off, a key revoked."""

    sortable_by = ()
    actions: Any = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    has_change_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def described(choices: type[TextChoices]) -> list[tuple[str, str]]:
    """Return choices with their values and labels; called for each form, in the language of its page."""
    return [(each.value, f"{each.value}: {each.label}") for each in choices]


class ServiceAccountForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=partial(described, Scope),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )


@admin.register(ServiceAccount)
class ServiceAccountAdmin(SuperusersOnly):
    form = ServiceAccountForm
    list_display = ("name", "scopes_shown", "is_active", "keys_shown", "trail")
    fields = ("name", "scopes", "is_active")

    def save_model(self, request: HttpRequest, obj: ServiceAccount, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user  # type: ignore[assignment]  # a superuser
        super().save_model(request, obj, form, change)

    @admin.display(description=_("scopes"))
    def scopes_shown(self, account: ServiceAccount) -> str:
        return ", ".join(account.scopes)

    @admin.display(description=_("service keys"))
    def keys_shown(self, account: ServiceAccount) -> str:
        url = reverse("admin:users_servicekey_add")
        return format_html('<a href="{}?account={}" class="text-link">{}</a>', url, account.pk, _("Make a key"))

    @admin.display(description=_("audit trail"))
    def trail(self, account: ServiceAccount) -> str:
        url = reverse("admin:users_auditrecord_changelist")
        return format_html('<a href="{}?service={}" class="text-link">{}</a>', url, account.pk, _("What it did"))


class ServiceKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    days = forms.IntegerField(
        label=_("Valid for, days"),
        min_value=1,
        max_value=keys.MOST_DAYS,
        initial=keys.DAYS,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    networks = forms.CharField(
        label=_("Networks"),
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Accept the key from these only, such as 203.0.113.0/24. Separate several by spaces."),
    )

    def clean_networks(self) -> list[str]:
        """Return the networks in CIDR notation."""
        try:
            return [str(ip_network(network)) for network in self.cleaned_data["networks"].split()]
        except ValueError as wrong:
            raise forms.ValidationError(_("This is no network: %(error)s") % {"error": wrong}) from None


@admin.register(ServiceKey)
class ServiceKeyAdmin(SuperusersOnly):
    form = ServiceKeyForm
    list_display = ("prefix", "account", "is_valid", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("account",)
    list_filter = (("expires_at", DaysFilter),)
    actions = ("revoke",)
    fields = ("account", "days", "networks")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.fields
        return ("account", "prefix", "networks", "created_at", "expires_at", "last_used_at", "revoked_at")

    @sensitive_variables("issued")
    def save_model(self, request: HttpRequest, obj: ServiceKey, form: Any, change: bool) -> None:
        issued = keys.issue(account=obj.account, days=form.cleaned_data["days"], networks=form.cleaned_data["networks"])
        obj.__dict__.update(issued.record.__dict__)
        request.issued_key = issued.clear  # type: ignore[attr-defined]  # for the answer to this request only

    def log_addition(self, request: Any, obj: Any, message: Any) -> None:
        details = {"account": str(obj.account), "key": obj.prefix, "networks": obj.networks}
        audit.record(by=request, action=audit.Action.CREATED, about=obj, details=details)

    def response_add(self, request: HttpRequest, obj: ServiceKey, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Service key of %(name)s") % {"name": obj.account},
            "issued_key": request.issued_key,  # type: ignore[attr-defined]
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/users/service_key.html", context)

    @admin.display(description=_("valid"), boolean=True)
    def is_valid(self, key: ServiceKey) -> bool:
        return key.is_valid

    @admin.action(description=_("Revoke these keys: programs that send them are refused at once"), permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceKey]) -> None:
        revoked = [key for key in queryset if keys.revoke(key=key)]
        for key in revoked:
            audit.record(by=request, action=audit.Action.CHANGED, about=key, details={"revoked": key.prefix})
        message = ngettext("%(count)d key is revoked.", "%(count)d keys are revoked.", len(revoked))
        messages.success(request, message % {"count": len(revoked)})
