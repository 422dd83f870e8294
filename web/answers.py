"""Pages that tell a refusal with the status that it has."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.observability import metrics
from users.refusals import Refusal
from web.forms import Form


def show(request: HttpRequest, template: str, *, form: Form, **context: Any) -> HttpResponse:
    """Show a page with a form; what a person may simply correct is no error of HTTP."""
    answer = render(request, template, {"form": form, **context})
    return _refused(answer, form.refusal) if form.refusal else answer


def refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Show a page that has nothing to say but the refusal."""
    template = "429.html" if "retry_after" in refusal.details else "refused.html"
    return _refused(render(request, template, {"refusal": refusal}, status=HTTPStatus.BAD_REQUEST), refusal)


def _refused(answer: HttpResponse, refusal: Refusal) -> HttpResponse:
    """Count it, and say when to try again: RFC 9110, section 10.2.3."""
    metrics.count_problem(refusal.code)
    if "retry_after" in refusal.details:
        answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE if refusal.is_ours else HTTPStatus.TOO_MANY_REQUESTS
        answer["Retry-After"] = str(refusal.details["retry_after"])
    return answer
