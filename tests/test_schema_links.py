"""The links of the OpenAPI document lead on: with what they take from an answer the next operation succeeds."""

from collections.abc import Callable
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.support.api import change_number
from tests.support.factories import api_client, create_user, phone_number, service_client, sign_up

pytestmark = pytest.mark.django_db
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, operations in SchemaGenerator().get_schema(request=None, public=True)["paths"].items()
    for method, operation in operations.items()
}


def links_of(operation_id: str) -> dict[str, Any]:
    _, _, operation = OPERATIONS[operation_id]
    return {name: link for answer in operation["responses"].values() for name, link in answer.get("links", {}).items()}


LINKS = [(start, name) for start in OPERATIONS for name in links_of(start)]


def value_at(expression: str, answer: Any) -> Any:
    """Evaluate `$response.body#/a/0/b` (OpenAPI 3.1, runtime expressions)."""
    for part in expression.removeprefix("$response.body#/").split("/"):
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return answer


def request_code() -> tuple[APIClient, Any]:
    client = APIClient()
    return client, client.post("/api/registration/", {"phone_number": phone_number()})


def sign_in() -> tuple[APIClient, Any]:
    client, asked = request_code()
    body = {name: asked.json()[name] for name in ("phone_number", "confirmation_code")}
    return with_token(client, client.post("/api/login/", body), "Token", "token")


def sign_in_by_link() -> tuple[APIClient, Any]:
    client, asked = request_code()
    body = {"confirmation_code": asked.json()["confirmation_code"]}
    return with_token(client, client.post(asked.json()["verify_url"], body), "Token", "token")


def sign_in_for_jwt() -> tuple[APIClient, Any]:
    client, asked = request_code()
    body = {name: asked.json()[name] for name in ("phone_number", "confirmation_code")}
    return with_token(client, client.post("/api/jwt/", body), "Bearer", "access")


def renew_jwt() -> tuple[APIClient, Any]:
    client, pair = sign_in_for_jwt()
    return with_token(client, client.post("/api/jwt/refresh/", {"refresh": pair.json()["refresh"]}), "Bearer", "access")


def with_token(client: APIClient, answer: Any, scheme: str, member: str) -> tuple[APIClient, Any]:
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {answer.json()[member]}")
    return client, answer


def get_profile() -> tuple[APIClient, Any]:
    client = api_client(create_user())
    return client, client.get("/api/profile/")


def change_profile() -> tuple[APIClient, Any]:
    client = api_client(create_user())
    return client, client.patch("/api/profile/", {"username": "Anna"})


def create_by_service() -> tuple[APIClient, Any]:
    client = service_client()
    return client, client.post("/api/users/", {"phone_number": phone_number()})


def get_by_service() -> tuple[APIClient, Any]:
    """Of a person who has changed their number."""
    user, client = create_user(), service_client()
    change_number(api_client(user), phone_number())
    return client, client.get(f"/api/users/{user.public_id}/")


def list_sessions() -> tuple[APIClient, Any]:
    client = api_client(create_user())
    return client, client.get("/api/sessions/")


def list_by_service() -> tuple[APIClient, Any]:
    sign_up(APIClient(), phone_number())
    client = service_client()
    return client, client.get("/api/users/")


def create_webhook() -> tuple[APIClient, Any]:
    client = service_client()
    return client, client.post("/api/webhooks/", {"url": "http://127.0.0.1:9/"})


STARTS: dict[str, Callable[[], tuple[APIClient, Any]]] = {
    "requestCode": request_code,
    "signIn": sign_in,
    "signInByLink": sign_in_by_link,
    "signInForJWT": sign_in_for_jwt,
    "renewJWT": renew_jwt,
    "getProfile": get_profile,
    "changeProfile": change_profile,
    "listSessions": list_sessions,
    "createUser": create_by_service,
    "getUser": get_by_service,
    "listUsers": list_by_service,
    "createWebhook": create_webhook,
}


@pytest.mark.parametrize(("start", "name"), LINKS)
def test_every_link_leads_to_a_success(start: str, name: str) -> None:
    client, answer = STARTS[start]()
    link = links_of(start)[name]
    method, path, _ = OPERATIONS[link["operationId"]]
    for parameter, expression in link.get("parameters", {}).items():
        path = path.replace(f"{{{parameter}}}", str(value_at(expression, answer.json())))
    body = {member: value_at(expression, answer.json()) for member, expression in link.get("requestBody", {}).items()}
    if name == "replaceUser":
        body = {"phone_number": phone_number()}

    reached = getattr(client, method)(path, body if method != "get" else None)

    assert 200 <= reached.status_code < 300, reached.content


def test_links_reach_every_operation_that_needs_something_from_an_answer() -> None:
    needing = {name for name, (_, path, _) in OPERATIONS.items() if "{" in path} | {"signIn", "renewJWT"}

    assert {name for _, name in LINKS} >= needing
