"""Headers of a request."""

from django.http import HttpRequest
from django.http.request import HttpHeaders


def header_of(request: HttpRequest, name: str) -> str | None:
    """Return the value of a header; `request.headers` would parse all headers, 0.02 ms for each request."""
    value: str | None = request.META.get(HttpHeaders.to_wsgi_name(name))
    return value
