"""Factories for users, and the API calls that most tests start with."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from rest_framework.test import APIClient

from users.models import Scope, User
from users.people.sessions import open_token_session
from users.referrals import activation
from users.services import keys

#: Registration of users who have to be older than all others.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)
#: The permissions of Django that staff need to manage users.
MANAGES_USERS = ("view_user", "add_user", "change_user", "delete_user")


def start_phone_numbers_at(first: int) -> None:
    """Set the next number, so that several processes can share one database."""
    global _numbers  # noqa: PLW0603
    _numbers = itertools.count(first)


def phone_number() -> str:
    """Return an unused mobile number (E.164)."""
    return f"+7999{next(_numbers):07}"


def create_user(*, invited_by: User | None = None, **fields: Any) -> User:
    """Create a user who has signed in before; one invited by another must have registered after them."""
    fields.setdefault("phone_number", phone_number())
    user = User.objects.create_user(**fields)
    if invited_by:
        assert user.registered_at >= invited_by.registered_at, "the inviter has to register first"
        activation.activate(user=user, referral_code=invited_by.referral_code)
        invited_by.refresh_from_db()
    return user


def create_users(count: int) -> list[User]:
    """Create users in the order of registration, oldest first."""
    users = [create_user() for _ in range(count)]
    assert users == sorted(users, key=lambda user: (user.registered_at, user.pk))
    return users


def create_staff(*, permissions: Iterable[str] = MANAGES_USERS, **fields: Any) -> User:
    """Create a member of staff, with every permission for users by default."""
    user = create_user(is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def create_superuser(**fields: Any) -> User:
    fields.setdefault("phone_number", phone_number())
    return User.objects.create_superuser(**fields)


def token_header(user: User) -> str:
    """Return the Authorization header of a new session."""
    user.refresh_from_db(fields=["session_epoch"])  # other sessions may have ended
    token, _ = open_token_session(user)
    return f"Token {token}"


def authorized_client(authorization: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=authorization)
    return client


def api_client(user: User) -> APIClient:
    """Return a client that sends a token of `user`."""
    return authorized_client(token_header(user))


def service_key(*scopes: Scope | str, **options: Any) -> str:
    """Return the key of a new service account, in clear; with every scope by default."""
    account = keys.create_account(name=f"service {next(_numbers)}", scopes=scopes or Scope)
    return keys.issue(account=account, **options).clear


def service_client(*scopes: Scope | str) -> APIClient:
    """Return a client that sends a service key, with every scope by default."""
    return authorized_client(f"Key {service_key(*scopes)}")


def request_code(client: Client, phone: str, **fields: Any) -> str:
    """Request a code over HTTP and return it from the response (CONFIRMATION_CODE_EXPOSED)."""
    answer = client.post("/api/registration/", {"phone_number": phone, **fields})
    assert answer.status_code == 202, answer.content
    return str(answer.json()["confirmation_code"])


def sign_up(client: Client, phone: str, **fields: Any) -> dict[str, Any]:
    """Request a code, sign in with it and return the response of the login."""
    code = request_code(client, phone)
    answer = client.post("/api/login/", {"phone_number": phone, "confirmation_code": code, **fields})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def wrong_code(code: str) -> str:
    """Return a code of the same length that is not `code`."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"
