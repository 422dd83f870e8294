"""Page with delivery and cost by country and channel."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from panel.dashboard import PeriodForm, percent, period_choices
from panel.templatetags.panel import show_number
from users.statistics import deliveries
from users.statistics.deliveries import Line


def page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("users.view_delivery"):
        raise PermissionDenied
    form = PeriodForm(request.GET)
    period = form.chosen()
    lines = deliveries.lines(period=period)
    costs = [line.cost for line in lines if line.cost is not None]
    context = {
        **admin.site.each_context(request),
        "title": _("Delivery and cost"),
        "form": form,
        "period": period,
        "periods": list(period_choices(form)),
        "lines": [_shown(line) for line in lines],
        "total": number_format(sum(costs), 2) if costs else None,
    }
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return TemplateResponse(request, "admin/users/delivery_report.html", context, status=status)


def _shown(line: Line) -> dict[str, Any]:
    return {
        "country": " ".join(filter(None, (line.region, line.calling_code))) or _("erased"),
        "channel": line.channel or _("none"),
        "sent": show_number(line.sent),
        "delivered": show_number(line.delivered),
        "failed": show_number(line.failed),
        "rate": percent(line.rate),
        "cost": "—" if line.cost is None else number_format(line.cost, 2),
    }
