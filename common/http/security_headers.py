"""What browsers are told they may do with an answer. Nginx says the same on what it answers itself (infra/nginx)."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

#: Nothing in an answer for programs is ever to be run or shown.
_DATA = "default-src 'none'; frame-ancestors 'none'"
#: Pages: everything from this host, and no script or style written into the page.
_PAGE = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
#: The panel: Alpine evaluates what stands in Unfold's templates; the style elements are its colours and htmx's.
_PANEL = (
    f"{_PAGE}; script-src 'self' 'unsafe-eval'; style-src-attr 'unsafe-inline'; "
    "style-src 'self' 'sha256-CftXQ/6rIQ3AMOrJUsQzoK+KGLgk4scJJlfXyvE/1mQ=' "
    "'sha256-bsV5JivYxvGywDAZ22EZJKBFip65Ng9xoJVLbBg7bdo='"
)
#: Swagger: one style element in its page.
_SWAGGER = f"{_PAGE}; style-src 'self' 'sha256-MMpT0iDxyjALd9PdfepImGX3DBfJPXZ4IlDWdPAgtn0='"
#: ReDoc: adds two style elements by script, one of them empty at first, and searches in a worker.
_REDOC = (
    f"{_PAGE}; worker-src blob:; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)
#: The Content-Security-Policy (CSP level 3) of every address, by how it starts.
POLICIES = {
    "/admin/": _PANEL,
    "/api/schema/swagger-ui/": _SWAGGER,
    "/api/schema/redoc/": _REDOC,
    "/api/": _DATA,
    "/health/": _DATA,
    "/": _PAGE,
}
HEADERS = {
    # Whatever may be kept says so itself, as static files do.
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Nothing here needs a sensor, a camera or money.
    "Permissions-Policy": "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), "
    "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()",
}


class SecurityHeaders:
    """Adds what Django's own SecurityMiddleware does not know."""

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
    """Whether this may be Django's own error page, which is full of styles."""
    return settings.DEBUG and response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR)
