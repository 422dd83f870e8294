"""Servers that the stack uses, for the tests of one module."""

from collections.abc import Iterator

import pytest

from tests.support.fake_gateways import Gateway
from tests.support.servers import Server, durable_redis_server


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    with durable_redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway().running() as running:
        yield running
