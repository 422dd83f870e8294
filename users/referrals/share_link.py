"""The link by which a user invites others."""

from django.urls import reverse

from common.http import public_url


def share_link(*, referral_code: str) -> str:
    """Return the absolute URL of the invitation page."""
    return public_url.absolute(reverse("web:invitation", args=[referral_code]))
