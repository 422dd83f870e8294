"""Wrong passwords of the panel's sign-in, and unlocking."""

from ipaddress import ip_address
from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from panel import lockout
from panel.filters import DaysFilter
from panel.lists import ReadOnlyModelAdmin
from users import audit, phones
from users.refusals import PhoneNumberInvalid


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyModelAdmin):
    """Deleting rows unlocks their phone number and client IP at once."""

    actions = ()  # type: ignore[assignment]
    counted = ngettext_lazy("%(count)d wrong password", "%(count)d wrong passwords", "count")
    list_display = ("number", "ip_address", "failures_since_start", "attempt_time")
    list_filter = (("attempt_time", DaysFilter),)
    sortable_by = ("attempt_time",)
    search_fields = ("username",)
    search_help_text = _("A whole phone number or an address")
    fields = ("number", "ip_address", "user_agent", "failures_since_start", "attempt_time")
    readonly_fields = ("number",)

    @admin.display(description=_("phone number"))
    def number(self, attempt: AccessAttempt) -> str:
        return attempt.username or "—"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("axes.delete_accessattempt"))

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        for attempt in queryset:
            audit.record_about_number(
                by=request,
                action=audit.Action.DELETED,
                phone_number=attempt.username or "",
                thing=str(self.opts.model_name),
            )

    def delete_model(self, request: HttpRequest, obj: AccessAttempt) -> None:
        lockout.unlock(phone_number=obj.username or "")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        for attempt in queryset:
            lockout.unlock(phone_number=attempt.username or "")
        super().delete_queryset(request, queryset)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AccessAttempt], search_term: str
    ) -> tuple[QuerySet[AccessAttempt], bool]:
        if not search_term:
            return queryset, False
        return queryset.filter(_matching(search_term)), False


def _matching(term: str) -> Q:
    try:
        return Q(username=phones.normalize(term))
    except PhoneNumberInvalid:
        pass
    try:
        return Q(ip_address=str(ip_address(term)))
    except ValueError:
        return Q(pk=None)
