"""Absolute URLs of the service: from the setting PUBLIC_URL, never from a request."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def absolute(path: str) -> str:
    """Return the URL of a path that begins with "/"."""
    return f"{settings.PUBLIC_URL}{path}"


def checked(url: str) -> str:
    """Return an origin (RFC 6454) without a slash at the end. Raises `ImproperlyConfigured` for another URL."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in origin or url.rstrip("/") != origin:
        raise ImproperlyConfigured("PUBLIC_URL is scheme and host of the service, such as https://referral.example.")
    return origin
