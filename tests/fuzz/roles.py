"""Users and services of the running stack, and their Authorization headers."""

import itertools
from collections.abc import Iterator

from tests.support import factories
from users.models import User

ROLES = ("anonymous", "user", "superuser", "service")
USERS_PER_ROLE = 20
_CREATE = {"user": factories.create_user, "superuser": factories.create_superuser}


def create(role: str = "user") -> User:
    return _CREATE[role]()


def sign_in(role: str) -> dict[str, str]:
    """Return the headers of a new user or service; none for "anonymous"."""
    if role == "anonymous":
        return {}
    is_service = role == "service"
    return {"Authorization": f"Key {factories.service_key()}" if is_service else factories.token_header(create(role))}


def endless_headers(role: str) -> Iterator[dict[str, str]]:
    """Cycle through the headers of a few users, so that changes to one of them affect few requests."""
    return itertools.cycle([sign_in(role) for _ in range(USERS_PER_ROLE)])
