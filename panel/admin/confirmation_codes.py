"""Confirmation codes and their state; never the code, its digest or its verification token."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import display

from panel.exports import ExportsList
from panel.filters import DaysFilter
from panel.lists import ByPhone, ReadOnlyModelAdmin, show_phone
from users.models import ConfirmationCode


@admin.register(ConfirmationCode)
class ConfirmationCodeAdmin(ByPhone, ExportsList, ReadOnlyModelAdmin):
    counted = ngettext_lazy("%(count)d code", "%(count)d codes", "count")
    list_display = (
        "phone",
        "state",
        "purpose",
        "for_known_address",
        "wrong_tries",
        "tries_left",
        "issued_at",
        "expires_at",
        "used_at",
    )
    list_filter = (("expires_at", DaysFilter),)
    sortable_by = ("expires_at",)
    ordering = ("-expires_at",)
    csv_name = "confirmation-codes"
    csv_columns = {
        "phone_number": Coalesce("known_phone_number", "phone_number"),
        "purpose": "purpose",
        "username": "username",
        "issued_at": "issued_at",
        "expires_at": "expires_at",
        "resend_at": "resend_at",
        "wrong_tries": "wrong_tries",
        "known_wrong_tries": "known_wrong_tries",
        "used_at": "used_at",
    }
    fieldsets = (
        (None, {"fields": ("phone", "state_name", "purpose", "for_known_address", "username")}),
        (_("Tries"), {"fields": (("wrong_tries", "known_wrong_tries", "tries_left"),)}),
        (_("Times"), {"fields": (("issued_at", "expires_at"), ("resend_at", "used_at"))}),
    )

    @display(  # type: ignore[untyped-decorator]
        description=_("state"),
        label={"waiting": "info", "used": "success", "exhausted": "danger", "expired": "warning"},
    )
    def state(self, record: ConfirmationCode) -> tuple[str, Promise]:
        if record.used_at:
            return "used", _("used")
        if not self.tries_left(record):
            return "exhausted", _("exhausted")
        return ("waiting", _("waiting")) if record.is_waiting else ("expired", _("expired"))

    @admin.display(description=_("state"))
    def state_name(self, record: ConfirmationCode) -> str:
        """Return the state as plain text: the page of a record has no coloured labels."""
        return str(self.state(record)[1])

    @admin.display(description=_("tries left"))
    def tries_left(self, record: ConfirmationCode) -> int:
        """Return those of known addresses, or of all others: of whom the code was sent to."""
        return record.tries_left(is_known=self.for_known_address(record))

    @admin.display(description=_("phone number"))
    def phone(self, record: ConfirmationCode) -> str:
        return show_phone(record.number)

    @admin.display(description=_("for a known address"), boolean=True)
    def for_known_address(self, record: ConfirmationCode) -> bool:
        return record.known_phone_number is not None

    def with_number(self, queryset: QuerySet[ConfirmationCode], phone_number: str) -> QuerySet[ConfirmationCode]:
        return queryset & ConfirmationCode.objects.of(phone_number)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("phone", "state_name", "for_known_address", "tries_left")
