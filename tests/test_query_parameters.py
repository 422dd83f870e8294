"""Operations refuse query parameters that they don't know, and empty ones; all operations that take some."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.support.factories import api_client, create_user, service_client

pytestmark = pytest.mark.django_db

PATHS: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)["paths"]
#: The query parameters of each operation that takes some.
PARAMETERS = {
    path: names
    for path, methods in PATHS.items()
    if (names := sorted(each["name"] for each in methods.get("get", {}).get("parameters", ()) if each["in"] == "query"))
}

each_operation = pytest.mark.parametrize("path", PARAMETERS)


@pytest.fixture
def caller(path: str) -> APIClient:
    """Return the client that may call an operation: a person for their profile, else a service."""
    return api_client(create_user()) if path.startswith("/api/profile/") else service_client()


@pytest.fixture
def address(path: str) -> str:
    """Return the path with the id of something that exists."""
    if "{id}" not in path:
        return path
    made = service_client().post("/api/webhooks/", {"url": "https://1.1.1.1/", "types": ["person.erased"]})
    return path.format(id=made.json()["id"])


def test_lists_and_statistics_take_parameters() -> None:
    assert set(PARAMETERS) >= {"/api/users/", "/api/profile/referrals/", "/api/statistics/"}


@each_operation
def test_an_unknown_parameter_is_refused_with_the_list_of_those_known(
    caller: APIClient, path: str, address: str
) -> None:
    answer = caller.get(address, {"phone": "+79991234567", PARAMETERS[path][0]: ""}, headers={"Accept-Language": "en"})

    assert answer.status_code == 400
    (unknown,) = answer.json()["errors"]["phone"]
    assert unknown["code"] == "unknown_parameter"
    assert unknown["detail"].endswith(f"Known are: {', '.join(PARAMETERS[path])}.")


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in PARAMETERS.items() for name in names])
@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_parameter_is_refused(caller: APIClient, address: str, name: str, empty: str) -> None:
    answer = caller.get(address, {name: empty})

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"][name]] == ["blank"]


@each_operation
def test_without_parameters_each_operation_answers(caller: APIClient, address: str) -> None:
    assert caller.get(address).status_code == 200


@each_operation
def test_strangers_learn_no_parameters(client: APIClient, address: str) -> None:
    assert client.get(address, {"phone": "1"}).status_code == 401
