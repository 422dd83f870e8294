"""Webhooks and what became of each event, for superusers: a secret is shown once, on the page after it was made."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from panel.admin.services import SuperusersOnly, described
from panel.filters import DaysFilter, UserFilter
from users import audit
from users.events import metrics, webhooks
from users.models import EventType, Webhook, WebhookDelivery
from users.refusals import Refusal

Action = audit.Action
STATES: dict[str, Promise] = {
    "active": _("active"),
    "failing": _("failing"),
    "switched_off": _("switched off"),
    "inactive": _("inactive"),
}


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    url = forms.CharField(label=_("Address"), widget=UnfoldAdminTextInputWidget())
    types = forms.MultipleChoiceField(
        label=_("Types"),
        required=False,
        choices=partial(described, EventType),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_("None: all, those of later releases included."),
    )

    def clean_url(self) -> str:
        """Return the address. Raises `ValidationError` if nothing can be sent to it."""
        url: str = self.cleaned_data["url"]
        try:
            webhooks.check(url)
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.code) from None
        return url

    def clean(self) -> dict[str, Any] | None:
        if self.instance.pk is None and Webhook.objects.count() >= webhooks.MOST:
            raise forms.ValidationError(webhooks.TooManyWebhooks.message, code=webhooks.TooManyWebhooks.code)
        return super().clean()


@admin.register(Webhook)
class WebhookAdmin(SuperusersOnly):
    form = WebhookForm
    list_display = ("url", "types_shown", "state", "with_phone_numbers", "deliveries_shown")
    fields = ("url", "types", "is_active", "with_phone_numbers")
    actions = ("send_test", "replay_a_day", "new_secret")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def get_deleted_objects(self, objs: Iterable[Webhook], request: HttpRequest) -> Any:
        """Describe the deletion without collecting the deliveries, of which there may be a million."""
        urls = [str(webhook) for webhook in objs]
        return (
            [*urls, gettext("with the record of its deliveries")],
            {self.opts.verbose_name_plural: len(urls)},
            set(),
            [],
        )

    @sensitive_variables("secret")
    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        if change:
            stored = Webhook.objects.get(pk=obj.pk)
            webhooks.change(stored, **{name: form.cleaned_data[name] for name in form.changed_data})
            return
        made, secret = webhooks.add(**{name: form.cleaned_data[name] for name in self.fields})
        obj.__dict__.update(made.__dict__)
        request.new_secret = secret  # type: ignore[attr-defined]  # for the answer to this request only

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        return self._page_with_secret(request, obj, request.new_secret)  # type: ignore[attr-defined]

    @sensitive_variables("secret")
    def _page_with_secret(self, request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Secret of %(url)s") % {"url": webhook.url},
            "secret": secret,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/users/webhook_secret.html", context)

    @admin.display(description=_("types"))
    def types_shown(self, webhook: Webhook) -> str:
        return ", ".join(webhook.types) or gettext("all")

    @display(  # type: ignore[untyped-decorator]
        description=_("state"),
        label={"active": "success", "failing": "warning", "switched_off": "danger", "inactive": "info"},
    )
    def state(self, webhook: Webhook) -> tuple[str, Promise]:
        state = metrics.state_of(webhook)
        return state, STATES[state]

    @admin.display(description=_("deliveries"))
    def deliveries_shown(self, webhook: Webhook) -> str:
        url = reverse("admin:users_webhookdelivery_changelist")
        return format_html(
            '<a href="{}?webhook={}" class="text-link">{}</a>', url, webhook.pk, _("What became of each")
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET":
            for webhook in Webhook.objects.exclude(switched_off=""):
                told = {"url": webhook.url, "reason": webhook.get_switched_off_display()}
                messages.error(request, gettext("%(url)s is switched off: %(reason)s.") % told)
        page: HttpResponse = super().changelist_view(request, extra_context)
        return page

    @admin.action(description=_("Send a test event"), permissions=["view"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            webhooks.send_test(webhook)
        messages.success(request, gettext("It is on its way: see the deliveries."))

    @admin.action(description=_("Send everything of the last 24 hours again"), permissions=["view"])
    def replay_a_day(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            webhooks.replay(webhook, since=timezone.now() - timedelta(hours=24))
            audit.record(by=request, action=Action.CHANGED, about=webhook, details={"replay": [None, "24 h"]})
        messages.success(request, gettext("It is on its way: see the deliveries."))

    @admin.action(description=_("Give it a new secret; the former one signs along for 24 hours"), permissions=["view"])
    @sensitive_variables("secret")
    def new_secret(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> HttpResponse | None:
        chosen = list(queryset)
        if len(chosen) != 1:
            messages.error(request, gettext("Choose one webhook: its secret is shown once."))
            return None
        secret = webhooks.new_secret(chosen[0])
        audit.record(by=request, action=Action.CHANGED, about=chosen[0], details={"secret": None})
        return self._page_with_secret(request, chosen[0], secret)


class WebhookFilter(UserFilter):
    title = _("webhook")
    parameter_name = "webhook"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(SuperusersOnly):
    list_display = ("created_at", "webhook", "type", "state_shown", "attempts_count", "last_status", "next_attempt_at")
    list_select_related = ("webhook", "event")
    list_filter = (WebhookFilter, ("event__at", DaysFilter))
    actions = ("replay",)
    fields = ("webhook", "type", "event_id", "state_shown", "attempts_shown", "answer", "next_attempt_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("type"))
    def type(self, delivery: WebhookDelivery) -> str:
        return delivery.event.type

    @admin.display(description=_("event"))
    def event_id(self, delivery: WebhookDelivery) -> str:
        return str(delivery.event.public_id)

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label={"waiting": "info", "delivered": "success", "failed": "danger"}
    )
    def state_shown(self, delivery: WebhookDelivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @admin.display(description=_("attempts"))
    def attempts_count(self, delivery: WebhookDelivery) -> int:
        return len(delivery.attempts)

    @admin.display(description=_("last answer"))
    def last_status(self, delivery: WebhookDelivery) -> str:
        return _result_of(delivery.attempts[-1]) if delivery.attempts else ""

    @admin.display(description=_("attempts"))
    def attempts_shown(self, delivery: WebhookDelivery) -> SafeString:
        rows = ((each["at"], _result_of(each), each["seconds"]) for each in delivery.attempts)
        return format_html_join("", "<p>{}: {}, {} s</p>", rows)

    @admin.action(description=_("Send these events again"), permissions=["view"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        chosen = list(queryset.select_related("webhook", "event"))
        for delivery in chosen:
            webhooks.replay(delivery.webhook, event_id=delivery.event.public_id)
            audit.record(
                by=request, action=Action.CHANGED, about=delivery, details={"replay": [None, delivery.event.type]}
            )
        message = ngettext("%(count)d event is on its way.", "%(count)d events are on their way.", len(chosen))
        messages.success(request, message % {"count": len(chosen)})


def _result_of(attempt: dict[str, Any]) -> str:
    """Return the status of an attempt, or why there was none."""
    if attempt["status"]:
        return str(attempt["status"])
    return str(WebhookDelivery.Failure(attempt["failure"]).label)
