"""People for the tests, and what they do most."""

import itertools
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from users.models import User
from users.referrals import activation

_numbers = itertools.count(1)
#: The permissions of Django that staff need to manage users.
MANAGES_USERS = ("view_user", "add_user", "change_user", "delete_user")


def draw_numbers_from(first: int) -> None:
    """Begin at another number: several processes share one database."""
    global _numbers  # noqa: PLW0603
    _numbers = itertools.count(first)


def phone_number() -> str:
    """A mobile number nobody has had yet, as E.164."""
    return f"+7999{next(_numbers):07}"


def person(**fields: Any) -> User:
    """Somebody who has signed in before."""
    fields.setdefault("phone_number", phone_number())
    return User.objects.create_user(**fields)


def staff(*, permissions: Iterable[str] = MANAGES_USERS, **fields: Any) -> User:
    """A member of staff, who may do everything with users unless told otherwise."""
    user = person(is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def superuser(**fields: Any) -> User:
    fields.setdefault("phone_number", phone_number())
    return User.objects.create_superuser(**fields)


def invited_by(inviter: User, **fields: Any) -> User:
    """Somebody who came with `inviter`."""
    newcomer = person(**fields)
    activation.activate(user=newcomer, referral_code=inviter.referral_code)
    inviter.refresh_from_db()
    return newcomer


def signed_in(user: User) -> APIClient:
    """A client that holds a token of `user`."""
    client = APIClient()
    _, token = AuthToken.objects.create(user)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


def ask_for_code(client: Client, phone: str, **fields: Any) -> str:
    """Register over HTTP and read the code from the answer, as one can while codes are exposed."""
    answer = client.post("/api/registration/", {"phone_number": phone, **fields})
    assert answer.status_code == 202, answer.content
    return str(answer.json()["confirmation_code"])


def sign_up(client: Client, phone: str, **fields: Any) -> dict[str, Any]:
    """Sign in over HTTP from nothing to the token; return the answer of the login."""
    code = ask_for_code(client, phone)
    answer = client.post("/api/login/", {"phone_number": phone, "confirmation_code": code, **fields})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def wrong(code: str) -> str:
    """A code that is not `code`."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"
