"""Types of requests; for annotations only."""

from rest_framework.request import Request

from users.models import ServiceAccount, ServiceKey, User


class AuthenticatedRequest(Request):
    """A request that passed `IsAuthenticated`."""

    user: User


class ServiceRequest(Request):
    """A request with a service key."""

    user: ServiceAccount  # type: ignore[assignment]
    auth: ServiceKey
