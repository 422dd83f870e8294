"""What happens around every request: its id, its line in the log, its place in the metrics."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.request import HttpHeaders
from django.utils.functional import SimpleLazyObject

from common.observability import metrics, request_id

access = logging.getLogger("access")
# Not by `headers`, which would parse all of them for each request.
_CLAIMED_ID = HttpHeaders.to_wsgi_name(request_id.HEADER)


class RequestMiddleware:
    """The outermost: whatever becomes of a request, it is seen here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Asked by the address of a container, which is none of ALLOWED_HOSTS, and without TLS.
        if request.path == metrics.PATH:
            return metrics.answer(request)
        started = time.perf_counter()
        answer_id = request_id.begin(request.META.get(_CLAIMED_ID))
        try:
            response = self._get_response(request)
            response[request_id.HEADER] = answer_id
            seconds = time.perf_counter() - started
            metrics.count_request(request, status=response.status_code, seconds=seconds)
            _log(request, response.status_code, seconds)
        finally:
            request_id.end()
        return response


def _log(request: HttpRequest, status: int, seconds: float) -> None:
    """Write the line of a request: its path without the query, and not the person's number but their id."""
    milliseconds = round(seconds * 1000, 1)
    # Probes come every few seconds.
    is_probe = request.path.startswith("/health/") and status < 400  # noqa: PLR2004  the first of the errors
    access.log(
        logging.DEBUG if is_probe else logging.INFO,
        "%s %s %d",
        request.method,
        request.path,
        status,
        extra={
            "method": request.method,
            "path": request.path,
            "status": status,
            "duration_ms": milliseconds,
            "user_id": _user_id(request),
        },
    )


def _user_id(request: HttpRequest) -> int | None:
    """Return whose request it was, as far as that is known: nobody is looked up for the log alone."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)
