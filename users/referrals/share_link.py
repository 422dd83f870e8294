"""The link by which a user invites others."""

from django.http import HttpRequest
from django.urls import reverse


def share_link(request: HttpRequest, *, referral_code: str) -> str:
    """Return the absolute URL of the invitation page, on the host of this request."""
    return request.build_absolute_uri(reverse("web:invitation", args=[referral_code]))
