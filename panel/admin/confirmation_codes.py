"""Confirmation codes and their state; never the code, its digest or its verification token."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from panel.exports import ExportsList
from panel.lists import ByPhone, ReadOnlyModelAdmin
from users.models import ConfirmationCode


@admin.register(ConfirmationCode)
class ConfirmationCodeAdmin(ByPhone, ExportsList, ReadOnlyModelAdmin):
    list_display = ("phone", "state", "wrong_tries", "tries_left", "issued_at", "expires_at", "used_at")
    sortable_by = ("expires_at",)
    ordering = ("-expires_at",)
    csv_name = "confirmation-codes"
    csv_columns = {
        "phone_number": "phone_number",
        "username": "username",
        "issued_at": "issued_at",
        "expires_at": "expires_at",
        "resend_at": "resend_at",
        "wrong_tries": "wrong_tries",
        "used_at": "used_at",
    }
    fieldsets = (
        (None, {"fields": ("phone", "state_name", "username")}),
        (_("Tries"), {"fields": (("wrong_tries", "tries_left"),)}),
        (_("Times"), {"fields": (("issued_at", "expires_at"), ("resend_at", "used_at"))}),
    )

    @display(  # type: ignore[untyped-decorator]
        description=_("state"),
        label={"waiting": "info", "used": "success", "exhausted": "danger", "expired": "warning"},
    )
    def state(self, record: ConfirmationCode) -> tuple[str, Promise]:
        if record.used_at:
            return "used", _("used")
        if not record.tries_left:
            return "exhausted", _("exhausted")
        return ("waiting", _("waiting")) if record.is_waiting else ("expired", _("expired"))

    @admin.display(description=_("state"))
    def state_name(self, record: ConfirmationCode) -> str:
        """Return the state as plain text: the page of a record has no coloured labels."""
        return str(self.state(record)[1])

    @admin.display(description=_("tries left"))
    def tries_left(self, record: ConfirmationCode) -> int:
        return record.tries_left

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("phone", "state_name", "tries_left")
