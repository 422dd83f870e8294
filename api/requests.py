from rest_framework.request import Request

from users.models import User


class AuthenticatedRequest(Request):
    """What `IsAuthenticated` lets through; for annotations."""

    user: User
