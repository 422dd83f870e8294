"""URLs of the admin panel, and a client that is signed in to it."""

from django.test import Client

from users.models import User

PEOPLE = "/admin/users/user/"
REFERRALS = "/admin/users/referral/"
CODES = "/admin/users/confirmationcode/"
MESSAGES = "/admin/users/delivery/"
SIGN_IN_ATTEMPTS = "/admin/users/signinattempt/"
AUDIT_TRAIL = "/admin/users/auditrecord/"


def panel_client(user: User) -> Client:
    """Return a client signed in to the admin panel."""
    client = Client()
    client.force_login(user)
    return client


def user_page(user: User, page: str = "change") -> str:
    return f"{PEOPLE}{user.pk}/{page}/"
