"""Errors outside of a view (`handler400` and the like): a problem document for programs, a page for people."""

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework.exceptions import NotFound

from api.outages import ServiceUnavailable, is_outage
from api.problems import problem_response
from common.http.audience import is_program
from common.http.forwarded import AddressUnreadable
from common.observability import request_id

_DEBUGGED = (HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_program(request):
        return problem_response(400, "bad_request", _("The request is malformed."))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_program(request):
        return problem_response(404, NotFound.default_code, NotFound.default_detail)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a defect with 500, a database outage with 503. Neither page reads the user or the session."""
    failure = sys.exception()
    if is_outage(failure):
        return _unavailable(request, ServiceUnavailable.because_of(failure))
    if is_program(request):
        detail = _("Something broke on our side. It has been recorded; please try again.")
        return problem_response(500, "server_error", detail)
    return HttpResponseServerError(render_to_string("500.html", {"request_id": request_id.current()}))


class ProxyErrors:
    """Answers 500 `proxy_misconfigured` while a trusted proxy does not tell the address of the client."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, AddressUnreadable):
            return None
        detail = _("The service can't tell who asks: its proxy reports no address. Its operators have to correct this.")
        if is_program(request):
            return problem_response(500, "proxy_misconfigured", detail)
        page = render_to_string("503.html", {"detail": detail, "request_id": request_id.current()})
        return HttpResponseServerError(page)


class DebugPages:
    """In DEBUG: the error page of the product, with that of Django folded in for the developer."""

    #: In Django's technical pages, and in no page of ours.
    _MARK = b"DEBUG = True</code>"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in _DEBUGGED and not response.streaming and self._MARK in response.content:
            context = {"request_id": request_id.current(), "technical": response.content.decode()}
            response.content = render_to_string(f"{response.status_code}.html", context)
        return response


def _unavailable(request: HttpRequest, outage: ServiceUnavailable) -> HttpResponse:
    if is_program(request):
        response = problem_response(outage.status_code, outage.default_code, outage.detail, retry_after=outage.wait)
    else:
        page = render_to_string("503.html", {"detail": outage.detail, "request_id": request_id.current()})
        response = HttpResponse(page, status=outage.status_code)
    response["Retry-After"] = str(outage.wait)
    return response
