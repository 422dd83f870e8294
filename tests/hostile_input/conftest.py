"""The running service, and requests signed in as a superuser or not at all."""

from collections.abc import Iterator

import pytest

from tests.hostile_input.raw_http import Server, running_server
from tests.support.factories import create_superuser, token_header
from users.models import User


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
    return server.signed_in(token_header(admin_user))
