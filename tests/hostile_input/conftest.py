"""The running service, and requests signed in as a superuser and a service or not at all."""

from collections.abc import Iterator

import pytest
from django.utils import timezone

from tests.hostile_input.raw_http import Server, running_server
from tests.support.factories import create_superuser, service_key, token_header
from users.models import ServiceKey, User


@pytest.fixture(autouse=True)
def no_limits(unlimited: None) -> None:
    """Lift the limits, which would refuse most requests."""


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def admin_user(transactional_db: None) -> User:
    return create_superuser()


@pytest.fixture
def admin_server(server: Server, admin_user: User) -> Server:
    key = f"Key {service_key()}"
    # Used within this hour: no request writes the time.
    ServiceKey.objects.update(last_used_at=timezone.now())
    return server.signed_in(token_header(admin_user), service_key=key)
