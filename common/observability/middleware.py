"""Request id, access log and metrics of every request."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from common.http import paths
from common.http.headers import header_of
from common.observability import metrics, request_id

access = logging.getLogger("access")


class RequestMiddleware:
    """Outermost but for SecurityHeaders, to see the final response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Before the checks of ALLOWED_HOSTS and HTTPS: Prometheus scrapes the container's IP without TLS.
        if request.path == metrics.PATH:
            return metrics.answer(request)
        started = time.perf_counter()
        answer_id = request_id.begin(header_of(request, request_id.HEADER))
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
    """Log a request: the path without its query, and the user's id, not the phone number."""
    milliseconds = round(seconds * 1000, 1)
    # Probes arrive every few seconds.
    is_probe = request.path.startswith(paths.HEALTH) and status < 400  # noqa: PLR2004  lowest error status
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
    """Return the id of the user if already loaded; don't query it for the log alone."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)
