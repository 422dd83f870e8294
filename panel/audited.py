"""Records what staff do in the panel, and what its pages show them, in the audit trail."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from users import audit

Action = audit.Action


def records_what_it_shows(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Record the rows on the page that a view answers with, after any method."""

    @wraps(view)
    def recorded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = view(request, *args, **kwargs)
        if isinstance(page, TemplateResponse):
            _record(request, page.context_data or {})
        return page

    return recorded


def _record(request: HttpRequest, shown: dict[str, Any]) -> None:
    if "cl" in shown:  # a list
        rows, action = shown["cl"].result_list, Action.LISTED
    elif "deletable_objects" in shown and "queryset" in shown:  # rows to be deleted, before they are
        rows, action = shown["queryset"], Action.VIEWED
    else:
        # One row: its page, the page before its deletion, a form with errors, its password.
        row = shown.get("original") or shown.get("object")
        if isinstance(row, Model):
            audit.record(by=request, action=Action.VIEWED, about=row)
        return
    ids = [row.pk for row in rows]
    audit.record(by=request, action=action, about=shown["opts"].model_name, details={"ids": ids})


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

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        query = f"?person={object_id}" if self.opts.model_name == "user" else ""
        return redirect(reverse("admin:users_auditrecord_changelist") + query)
