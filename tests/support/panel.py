"""Where things are in the admin panel, and who looks at them."""

from django.test import Client

from users.models import User

PEOPLE = "/admin/users/user/"
REFERRALS = "/admin/users/referral/"
CODES = "/admin/users/confirmationcode/"
MESSAGES = "/admin/users/delivery/"
ATTEMPTS = "/admin/users/signinattempt/"
TRAIL = "/admin/users/auditrecord/"


def browser_of(user: User) -> Client:
    """A browser in which `user` has signed in to the panel."""
    client = Client()
    client.force_login(user)
    return client


def page_of(person: User, page: str = "change") -> str:
    return f"{PEOPLE}{person.pk}/{page}/"
