"""Types of requests."""

from django.http import HttpRequest

from users.models import User


class SignedInRequest(HttpRequest):
    """A request that passed `login_required`; for annotations only."""

    user: User
