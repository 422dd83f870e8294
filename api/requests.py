"""Types of requests."""

from rest_framework.request import Request

from users.models import User


class AuthenticatedRequest(Request):
    """A request that passed `IsAuthenticated`; for annotations only."""

    user: User
