"""The link by which a user invites others."""

from common.http import public_url


def share_link(*, referral_code: str) -> str:
    """Return the absolute URL of the invitation page."""
    return public_url.of_route("web:invitation", referral_code, example="K7M2XP")
