"""Dashboard on the first page of the panel: the statistics of the API for a chosen period."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from panel.alerts import all_alerts
from panel.lists import link_to
from panel.templatetags.panel import show_number
from users import audit
from users.people.rights import may
from users.refusals import PeriodTooLong, Refusal
from users.statistics import report
from users.statistics.report import Period, Referrer, Statistics, Step, share
from users.statistics.totals import Counts

DEFAULT_PERIOD = "30"
ALL_TIME = "all"
PERIODS: dict[str, Promise] = {
    "7": _("7 days"),
    "30": _("30 days"),
    "90": _("90 days"),
    "365": _("A year"),
    ALL_TIME: _("Everything"),
}
#: Days from which the default step is a week, and a month.
WEEKS_FROM, MONTHS_FROM = 367, 5 * 367
#: Largest number of steps in the chart and its table.
MOST_POINTS = 400
STEPS: dict[str, Promise] = {"": _("as fits"), Step.DAY: _("days"), Step.WEEK: _("weeks"), Step.MONTH: _("months")}

admin.site.index_title = _("Dashboard")
admin.site.index_template = "admin/users/dashboard.html"


class PeriodForm(forms.Form):
    """Query string of the page. Invalid input shows an error and the default period."""

    period = forms.ChoiceField(choices=[*PERIODS.items()], required=False)
    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    step = forms.ChoiceField(label=_("By"), choices=[*STEPS.items()], required=False)

    def __init__(self, query: Any) -> None:
        """Read the API's parameter names; `from` is a keyword of Python, so the field is called `first`."""
        names = {"first": "from", "last": "to"}
        super().__init__({name: query.get(names.get(name, name), "") for name in self.base_fields})

    def chosen(self) -> Period:
        """Return the chosen period; the default one if there is an error."""
        if not self.is_valid():
            return _default_period()
        asked = self.cleaned_data
        zone = ZoneInfo(settings.STATISTICS_TIME_ZONE)
        first, last = asked["first"], asked["last"] or _today(zone)
        if first is None:
            first = _first_day_of(asked["period"] or DEFAULT_PERIOD, last, zone)
        try:
            period = report.period(first=first, last=last, step=asked["step"] or _step_that_fits(first, last))
            if len(list(period.steps())) > MOST_POINTS:
                raise PeriodTooLong(steps=MOST_POINTS)
        except Refusal as refusal:
            self.add_error(None, str(refusal))
            return _default_period()
        return period


def show(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the context of the first page (Unfold's `DASHBOARD_CALLBACK`)."""
    form = PeriodForm(request.GET)
    period = form.chosen()
    counted = report.count(period=period)
    referrers = counted.top_referrers if may(request.user, "view") else None
    if referrers:
        ids = [referrer.user.pk for referrer in referrers]
        audit.record(by=request, action=audit.Action.LISTED, about="statistics", details={"ids": ids})
    may_see_messages = request.user.has_perm("users.view_delivery")
    labels = [_label(period.step, step.first, step.last) for step in counted.steps]
    return context | {
        "form": form,
        "periods": list(period_choices(form)),
        "period": period,
        "period_text": f"{_day(period.first)} – {_day(period.last)}",
        "figures": list(_figures(counted, report.totals_before(period=period))),
        "chart": _chart(counted, labels),
        "rows": [(label, _cells(step.counts)) for label, step in zip(labels, counted.steps, strict=True)],
        "funnel": list(_funnel(counted)),
        "delivery_report_url": reverse("admin:delivery_report") if may_see_messages else "",
        "delivery_rate": percent(counted.delivery_rate),
        "alerts": all_alerts(),
        "top_referrers": None if referrers is None else list(_top_referrers(referrers)),
    }


def _default_period() -> Period:
    return report.period(time_zone=settings.STATISTICS_TIME_ZONE)


def _today(zone: ZoneInfo) -> date:
    return timezone.now().astimezone(zone).date()


def _first_day_of(period: str, last: date, zone: ZoneInfo) -> date:
    if period == ALL_TIME:
        return min(last, report.first_day(time_zone=zone))
    return date.fromordinal(max(1, last.toordinal() - int(period) + 1))


def _step_that_fits(first: date, last: date) -> Step:
    days = (last - first) / timedelta(days=1)
    if days < WEEKS_FROM:
        return Step.DAY
    return Step.WEEK if days < MONTHS_FROM else Step.MONTH


def period_choices(form: PeriodForm) -> Iterator[dict[str, Any]]:
    is_own = bool(form.data["first"] or form.data["last"])
    current = "" if is_own else form.data["period"] or DEFAULT_PERIOD
    for value, label in PERIODS.items():
        query = urlencode({"period": value} | ({"step": form.data["step"]} if form.data["step"] else {}))
        yield {"label": label, "query": query, "is_current": value == current}


def _figures(counted: Statistics, before: Counts) -> Iterator[dict[str, str | None]]:
    for label, icon, name in (
        (_("New people"), "person_add", "registrations"),
        (_("Sign-ins"), "login", "sign_ins"),
        (_("Invite codes activated"), "group_add", "activations"),
        (_("Codes sent"), "sms", "codes_sent"),
    ):
        number, former, ever = (getattr(counts, name) for counts in (counted.totals, before, counted.all_time))
        yield {
            "label": str(label),
            "icon": icon,
            "number": show_number(number),
            "change": _change(number, former),
            "note": gettext("%(number)s ever") % {"number": show_number(ever)},
        }


def _change(number: int, former: int) -> str | None:
    """Compare with the period before, of the same length; None if nothing happened then."""
    if not former:
        return None
    percent = round((number - former) / former * 100)
    return gettext("%(change)s %% against the period before") % {"change": f"{percent:+d}".replace("-", "\u2212")}


def _chart(counted: Statistics, labels: list[str]) -> dict[str, Any]:
    """Return the data for `dashboard.js`."""

    def series(label: Promise, name: str) -> dict[str, Any]:
        return {"label": str(label), "data": [getattr(one.counts, name) for one in counted.steps]}

    return {
        "labels": labels,
        "activity": [
            series(_("New people"), "registrations"),
            series(_("Sign-ins"), "sign_ins"),
            series(_("Invite codes activated"), "activations"),
        ],
        "delivery": [series(_("Delivered"), "codes_delivered"), series(_("Not delivered"), "codes_failed")],
    }


def _funnel(counted: Statistics) -> Iterator[dict[str, Any]]:
    """Yield the steps of a message, each a part of the one before; what was used had been delivered."""
    totals = counted.totals
    delivered = min(totals.codes_sent, max(totals.codes_delivered, totals.sign_ins))
    before = None
    for label, number in (
        (_("Codes sent"), totals.codes_sent),
        (_("Codes delivered"), delivered),
        (_("Codes used to sign in"), min(delivered, totals.sign_ins)),
    ):
        whole = share(number, totals.codes_sent)
        yield {
            "label": label,
            "number": show_number(number),
            "width": f"{min(whole or 0, 1) * 100:.2f}%",
            "share": "" if before is None else percent(share(number, before)),
        }
        before = number


def _top_referrers(referrers: list[Referrer]) -> Iterator[dict[str, Any]]:
    most = max((referrer.activations for referrer in referrers), default=0)
    for referrer in referrers:
        yield {
            "link": link_to(referrer.user),
            "referral_code": referrer.user.referral_code,
            "activations": show_number(referrer.activations),
            "width": f"{referrer.activations / most * 100:.2f}%",
        }


def _cells(counts: Counts) -> SafeString:
    # Formatted here: for a thousand rows the template engine takes longer than the database.
    return format_html_join("", "<td>{}</td>", ((show_number(count),) for count in counts))


def _label(step: Step, first: date, last: date) -> str:
    if step is Step.MONTH:
        return dateformat.format(first, gettext("M Y"))
    if step is Step.DAY:
        return dateformat.format(first, gettext("j M"))
    return f"{dateformat.format(first, gettext('j M'))} – {dateformat.format(last, gettext('j M'))}"


def _day(day: date) -> str:
    return dateformat.format(day, gettext("j M Y"))


def percent(part: float | None) -> str:
    return "—" if part is None else gettext("%(number)s %%") % {"number": number_format(part * 100, 1)}
