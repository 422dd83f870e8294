"""People of the running stack, who may do more or less, and what is true of them."""

import itertools
from collections.abc import Iterator

from knox.models import AuthToken

from tests.support import factories
from users.models import User

ROLES = ("nobody", "person", "staff", "superuser")
_CROWD = 20


def somebody(role: str = "person") -> User:
    user: User = getattr(factories, role)()
    return user


def authorization_of(user: User) -> dict[str, str]:
    _, token = AuthToken.objects.create(user)
    return {"Authorization": f"Token {token}"}


def sign_in(role: str) -> dict[str, str]:
    """Return the headers of somebody new."""
    return {} if role == "nobody" else authorization_of(somebody(role))


def crowd(role: str) -> Iterator[dict[str, str]]:
    """Return, again and again, the headers of a few people: what they do to each other is soon forgotten."""
    return itertools.cycle([sign_in(role) for _ in range(_CROWD)])
