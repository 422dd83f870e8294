"""Sign-in attempts by confirmation code, and unlocking phone numbers."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy
from unfold.contrib.filters.admin import BooleanRadioFilter

from panel.exports import ExportsList
from panel.filters import DaysFilter
from panel.lists import ByPhone, ReadOnlyModelAdmin
from users import audit
from users.models import SignInAttempt
from users.people.rights import may
from users.sign_in import lockout


@admin.register(SignInAttempt)
class SignInAttemptAdmin(ByPhone, ExportsList, ReadOnlyModelAdmin):
    counted = ngettext_lazy("%(count)d attempt", "%(count)d attempts", "count")
    list_display = ("at", "phone", "succeeded", "address")
    list_filter = (("succeeded", BooleanRadioFilter), ("at", DaysFilter))
    sortable_by = ("at",)
    actions = ("unlock",)  # type: ignore[assignment]
    fields = ("at", "phone", "succeeded", "address")
    readonly_fields = ("phone",)
    csv_name = "sign-in-attempts"
    csv_columns = {"at": "at", "phone_number": "phone_number", "succeeded": "succeeded"}

    @admin.action(description=_("Unlock these numbers: forgive their wrong tries"), permissions=["unlock"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[SignInAttempt]) -> None:
        numbers = {str(number) for number in queryset.values_list("phone_number", flat=True)}
        for number in numbers:
            lockout.unlock(phone_number=number)
            audit.record_about_number(
                by=request, action=audit.Action.CHANGED, phone_number=number, thing=str(self.opts.model_name)
            )
        message = ngettext("%(count)d number is unlocked.", "%(count)d numbers are unlocked.", len(numbers))
        messages.success(request, message % {"count": len(numbers)})

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "change")
