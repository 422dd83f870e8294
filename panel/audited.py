"""Records what staff do in the panel in the audit trail."""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from users import audit

Action = audit.Action


class Audited:
    """Mixin for a `ModelAdmin`: writes audit records instead of Django's `LogEntry`."""

    opts: Any

    def construct_change_message(self, request: Any, form: Any, formsets: Any, add: bool = False) -> Any:
        request.audited = audit.changes_in(form)
        return super().construct_change_message(request, form, formsets, add)  # type: ignore[misc]

    def log_addition(self, request: Any, obj: Model, message: Any) -> None:
        audit.record(by=request, action=Action.CREATED, about=obj, details=request.audited)

    def log_change(self, request: Any, obj: Model, message: Any) -> None:
        if request.audited:
            audit.record(by=request, action=Action.CHANGED, about=obj, details=request.audited)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            audit.record(by=request, action=Action.DELETED, about=obj)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if kwargs.get("obj") and request.method == "GET":
            audit.record(by=request, action=Action.VIEWED, about=kwargs["obj"])
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return page

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        page: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        if request.method == "GET" and (listed := getattr(page, "context_data", None)):
            ids = [row.pk for row in listed["cl"].result_list]
            audit.record(by=request, action=Action.LISTED, about=self.opts.model_name, details={"ids": ids})
        return page

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        query = f"?person={object_id}" if self.opts.model_name == "user" else ""
        return redirect(reverse("admin:users_auditrecord_changelist") + query)
