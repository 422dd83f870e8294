"""Absolute URLs of the service: from the setting PUBLIC_URL, never from a request."""

from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse


def absolute(path: str) -> str:
    """Return the URL of a path that begins with "/"."""
    return f"{settings.PUBLIC_URL}{path}"


def of_route(route: str, argument: str, *, example: str) -> str:
    """Return the URL of a route with one argument, such as `example`: reversing a route takes 1 % of a sign-in."""
    return absolute(_path(route, example).replace(example, argument))


@cache
def _path(route: str, example: str) -> str:
    return reverse(route, args=[example])


def checked(url: str) -> str:
    """Return an origin (RFC 6454) without a slash at the end. Raises `ImproperlyConfigured` for another URL."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in origin or url.rstrip("/") != origin:
        raise ImproperlyConfigured("PUBLIC_URL is scheme and host of the service, such as https://referral.example.")
    return origin
