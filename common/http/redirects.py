"""Redirects to a URL that a request names."""

from django.utils.http import url_has_allowed_host_and_scheme


def safe_url(url: str) -> str:
    """Return a path of this service, or "" for a URL with a host: no open redirects."""
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""
