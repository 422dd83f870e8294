"""Responses of pages, with the HTTP status of a refusal."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.observability import metrics
from users.refusals import Refusal
from web.forms import Form


def show(request: HttpRequest, template: str, *, form: Form, **context: Any) -> HttpResponse:
    """Render a page with a form; a refusal that the user can correct is answered with 200."""
    answer = render(request, template, {"form": form, **context})
    return _refused(answer, form.refusal) if form.refusal else answer


def refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Render an error page for a refusal."""
    template = "429.html" if "retry_after" in refusal.details else "refused.html"
    return _refused(render(request, template, {"refusal": refusal}, status=HTTPStatus.BAD_REQUEST), refusal)


def _refused(answer: HttpResponse, refusal: Refusal) -> HttpResponse:
    """Count the refusal; set the status and Retry-After (RFC 9110, section 10.2.3) of a temporary one."""
    metrics.count_problem(refusal.code)
    if "retry_after" in refusal.details:
        answer.status_code = refusal.status
        answer["Retry-After"] = str(refusal.details["retry_after"])
    return answer
