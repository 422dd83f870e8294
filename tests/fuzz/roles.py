"""Users of the running stack with different permissions, and their Authorization headers."""

import itertools
from collections.abc import Iterator

from tests.support import factories
from users.models import User

ROLES = ("anonymous", "user", "staff", "superuser")
USERS_PER_ROLE = 20
_CREATE = {"user": factories.create_user, "staff": factories.create_staff, "superuser": factories.create_superuser}


def create(role: str = "user") -> User:
    return _CREATE[role]()


def sign_in(role: str) -> dict[str, str]:
    """Return the headers of a new user; none for "anonymous"."""
    return {} if role == "anonymous" else {"Authorization": factories.token_header(create(role))}


def endless_headers(role: str) -> Iterator[dict[str, str]]:
    """Cycle through the headers of a few users, so that changes to one of them affect few requests."""
    return itertools.cycle([sign_in(role) for _ in range(USERS_PER_ROLE)])
