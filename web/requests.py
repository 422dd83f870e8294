from django.http import HttpRequest

from users.models import User


class SignedInRequest(HttpRequest):
    """What `login_required` lets through; for annotations."""

    user: User
