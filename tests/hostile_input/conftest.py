"""The running service, asked by nobody or by somebody who may do everything."""

from collections.abc import Iterator

import pytest
from knox.models import AuthToken

from tests.hostile_input.raw_http import Server, running_server
from tests.support.factories import superuser
from users.models import User


@pytest.fixture(autouse=True)
def hear_everything(unlimited: None) -> None:
    """Answer every request by what it says, not by how many there were."""


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def office(transactional_db: None) -> User:
    return superuser()


@pytest.fixture
def staff(server: Server, office: User) -> Server:
    _, token = AuthToken.objects.create(office)
    return server.signed_in(f"Token {token}")
