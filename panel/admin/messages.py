"""Messages and their state, with a warning about failing gateways. Never the text."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import display

from panel import alerts
from panel.exports import ExportsList
from panel.filters import ChannelFilter, DaysFilter, OutcomeFilter
from panel.lists import ByPhone, ReadOnlyModelAdmin
from users.models import Delivery
from users.models.sms import DeliveryQuerySet


@admin.register(Delivery)
class DeliveryAdmin(ByPhone, ExportsList, ReadOnlyModelAdmin):
    counted = ngettext_lazy("%(count)d message", "%(count)d messages", "count")
    list_display = (
        "created_at",
        "phone",
        "state_now",
        "channel",
        "failed_channels",
        "last_failure",
        "attempts",
    )
    list_filter = (OutcomeFilter, ChannelFilter, ("created_at", DaysFilter))
    sortable_by = ("created_at",)
    csv_name = "messages"
    csv_columns = {
        "sent_at": "created_at",
        "phone_number": "phone_number",
        "state": "outcome_now",
        "channel": "channel",
        "failed_channels": "failed_channels",
        "last_failure": "last_failure",
        "attempts": "attempts",
        "finished_at": "finished_at",
    }
    fieldsets = (
        (None, {"fields": ("phone", "outcome", "channel")}),
        (_("Attempts"), {"fields": ("attempts", "failed_channels", "last_failure")}),
        (_("Times"), {"fields": (("created_at", "finished_at"), ("took", "expires_at"))}),
    )
    readonly_fields = ("phone", "outcome", "took")

    @display(  # type: ignore[untyped-decorator]
        description=_("state"),
        label={"waiting": "info", "delivered": "success", "failed": "danger", "replaced": "warning"},
    )
    def state_now(self, delivery: Delivery) -> tuple[str, Promise | str]:
        return delivery.outcome.value, delivery.outcome.label

    @admin.display(description=_("state"))
    def outcome(self, delivery: Delivery) -> str:
        return str(delivery.outcome.label)

    @admin.display(description=_("took, seconds"))
    def took(self, delivery: Delivery) -> str | None:
        if not delivery.finished_at:
            return None
        return f"{(delivery.finished_at - delivery.created_at).total_seconds():.1f}"

    def download(self, rows: DeliveryQuerySet, separator: str = "") -> HttpResponseBase:
        return super().download(rows.with_outcome(), separator)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET":
            for alert in alerts.of_sending():
                messages.error(request, alert)
        page: HttpResponse = super().changelist_view(request, extra_context)
        return page
