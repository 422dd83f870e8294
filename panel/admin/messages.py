"""Messages and their state, with a warning about failing gateways. Never the text."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from panel.exports import ExportsList
from panel.filters import ChannelFilter, DaysFilter, OutcomeFilter
from panel.lists import ByPhone, ReadOnlyModelAdmin
from users.models import Delivery
from users.models.sms import DeliveryQuerySet
from users.sms import health
from users.upkeep import secret_key


@admin.register(Delivery)
class DeliveryAdmin(ByPhone, ExportsList, ReadOnlyModelAdmin):
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
    list_filter_submit = True
    allowed_lookups = ("outcome", "channel", "created_at_from", "created_at_to")
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
            for gateway in health.health():
                if gateway.is_failing:
                    messages.error(request, _warning(gateway))
            if refused_at := secret_key.last_refusal():
                messages.error(request, _refusal(refused_at))
        page: HttpResponse = super().changelist_view(request, extra_context)
        return page


def _refusal(at: datetime) -> str:
    return gettext("A worker was refused at %(time)s: its SECRET_KEY is not that of the service.") % {
        "time": localize(timezone.localtime(at))
    }


def _warning(gateway: health.Health) -> str:
    return gettext("Gateway %(channel)s failed %(failures)d of its last %(messages)d messages.") % {
        "channel": gateway.channel,
        "failures": gateway.failures,
        "messages": gateway.messages,
    }
