"""Security headers of all responses. Nginx sets the same on responses that it generates (infra/nginx)."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from common.http import paths

#: JSON: nothing to load, run or frame.
_DATA = "default-src 'none'; frame-ancestors 'none'"
#: Pages: resources of this host only, no inline scripts or styles.
_PAGE = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
#: The panel: Alpine evaluates expressions in Unfold's templates; the hashes are style elements of Unfold and htmx.
_PANEL = (
    f"{_PAGE}; script-src 'self' 'unsafe-eval'; style-src-attr 'unsafe-inline'; "
    "style-src 'self' 'sha256-CftXQ/6rIQ3AMOrJUsQzoK+KGLgk4scJJlfXyvE/1mQ=' "
    "'sha256-bsV5JivYxvGywDAZ22EZJKBFip65Ng9xoJVLbBg7bdo='"
)
#: Swagger: one inline style element.
_SWAGGER = f"{_PAGE}; style-src 'self' 'sha256-MMpT0iDxyjALd9PdfepImGX3DBfJPXZ4IlDWdPAgtn0='"
#: ReDoc: its script adds two style elements, the first one empty, and searches in a worker.
_REDOC = (
    f"{_PAGE}; worker-src blob:; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)
#: Content-Security-Policy (CSP level 3) by prefix of the path; the first match applies.
POLICIES = {
    paths.ADMIN: _PANEL,
    paths.SWAGGER: _SWAGGER,
    paths.REDOC: _REDOC,
    paths.API: _DATA,
    paths.HEALTH: _DATA,
    "/": _PAGE,
}
HEADERS = {
    # Cacheable responses, such as static files, set their own.
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), "
    "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()",
}


class SecurityHeaders:
    """Adds headers that Django's SecurityMiddleware doesn't set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not _is_for_developers(response):
            response.headers.setdefault("Content-Security-Policy", policy_for(request.path))
        return response


def policy_for(path: str) -> str:
    return next(policy for start, policy in POLICIES.items() if path.startswith(start))


def _is_for_developers(response: HttpResponseBase) -> bool:
    """True for a possible debug page of Django, which has inline styles."""
    return settings.DEBUG and response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR)
