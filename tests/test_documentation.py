"""The OpenAPI schema is complete and valid; its pages load nothing from other hosts."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiExample
from pytest_django import Settings
from rest_framework.fields import Field
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer

import referral_project.urls  # noqa: F401  defines every serializer
from api import account_examples, event_examples, examples, import_examples, problems, service_examples
from users import phones
from users.refusals import Refusal

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema: dict):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def test_schema_is_valid_without_warnings(tmp_path) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "schema.yml"))


def test_schema_lists_every_operation(schema: dict) -> None:
    assert {name for name, _ in operations(schema)} == {
        "POST /api/registration/",
        "POST /api/login/",
        "POST /api/verify/{verification_token}/",
        "POST /api/logout/",
        "POST /api/logout/all/",
        "GET /api/sessions/",
        "DELETE /api/sessions/{id}/",
        "POST /api/jwt/",
        "POST /api/jwt/refresh/",
        "POST /api/jwt/logout/",
        "GET /.well-known/jwks.json",
        "GET /api/profile/",
        "PATCH /api/profile/",
        "DELETE /api/profile/",
        "GET /api/profile/referrals/",
        "GET /api/profile/export/",
        "POST /api/profile/confirm/",
        "POST /api/profile/phone-number/",
        "POST /api/profile/phone-number/confirm/",
        "GET /api/profile/{phone_number}/",
        "PATCH /api/profile/{phone_number}/",
        "GET /api/referral-codes/{referral_code}/",
        "GET /api/service/",
        "POST /api/introspect/",
        "GET /api/users/",
        "POST /api/users/",
        "POST /api/users/import/",
        "GET /api/users/{id}/",
        "PUT /api/users/{id}/",
        "PATCH /api/users/{id}/",
        "DELETE /api/users/{id}/",
        "GET /api/users/{id}/sessions/",
        "DELETE /api/users/{id}/sessions/",
        "POST /api/users/{id}/phone-number/undo/",
        "GET /api/statistics/",
        "GET /api/events/",
        "GET /api/webhooks/",
        "POST /api/webhooks/",
        "GET /api/webhooks/{id}/",
        "PATCH /api/webhooks/{id}/",
        "DELETE /api/webhooks/{id}/",
        "POST /api/webhooks/{id}/secret/",
        "POST /api/webhooks/{id}/test/",
        "GET /api/webhooks/{id}/deliveries/",
        "POST /api/webhooks/{id}/replay/",
        "GET /health/live/",
        "GET /health/ready/",
    }


def test_every_request_and_response_has_an_example(schema: dict) -> None:
    for name, operation in operations(schema):
        contents = [(name, operation["requestBody"]["content"])] if "requestBody" in operation else []
        contents += [
            (f"{name} {status}", a["content"]) for status, a in operation["responses"].items() if "content" in a
        ]
        for where, content in contents:
            for media in content.values():
                assert media.get("examples"), where


def subclasses_of(base: type) -> Iterator[type]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from subclasses_of(subclass)


def documented() -> Iterator[tuple[type[Serializer], OpenApiExample]]:
    """Yield each serializer with each of its own examples."""
    for serializer in subclasses_of(BaseSerializer):
        for example in vars(serializer).get("_spectacular_annotation", {}).get("examples", []):
            yield serializer, example


def name_of(part: Any) -> str:
    return part.name if isinstance(part, OpenApiExample) else part.__name__


REQUESTS = [(serializer, example) for serializer, example in documented() if not example.response_only]
ANSWERS = [(serializer, example) for serializer, example in documented() if not example.request_only]


def test_every_example_belongs_to_a_serializer() -> None:
    defined = {
        name: value
        for module in (account_examples, event_examples, examples, import_examples, service_examples)
        for name, value in vars(module).items()
        if isinstance(value, OpenApiExample)
    }
    used = {id(example) for _, example in documented()}

    assert [name for name, example in defined.items() if id(example) not in used] == []
    assert len(REQUESTS) + len(ANSWERS) == len(used) == len(defined)


@pytest.mark.parametrize(("serializer", "example"), REQUESTS, ids=name_of)
def test_the_example_of_a_request_is_accepted(serializer: type[Serializer], example: OpenApiExample) -> None:
    serializer(data=example.value).is_valid(raise_exception=True)


@pytest.mark.parametrize(("serializer", "example"), ANSWERS, ids=name_of)
def test_the_example_of_an_answer_has_the_fields_of_one(serializer: type[Serializer], example: OpenApiExample) -> None:
    check_answer(serializer(), example.value, name_of(serializer))


def check_answer(field: Field, value: Any, path: str) -> None:
    """Compare an example with a serializer: the same keys, but for optional ones, and values of the right form."""
    if isinstance(field, ListSerializer):
        for item in value:
            check_answer(field.child, item, path)
    elif isinstance(field, Serializer):
        optional = {name for name, inner in field.fields.items() if not (inner.required or inner.read_only)}
        assert set(field.fields) - optional <= set(value) <= set(field.fields), path
        for name in value:
            check_answer(field.fields[name], value[name], f"{path}.{name}")
    elif not field.read_only:
        field.run_validation(value)


def test_every_operation_has_a_summary_description_and_tag(schema: dict) -> None:
    known = [tag["name"] for tag in schema["tags"]]
    for name, operation in operations(schema):
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"][0] in known, name


def test_every_domain_error_is_documented(schema: dict) -> None:
    described = set(re.findall(r"'code': '(\w+)'", str(schema)))

    assert {refusal.code for refusal in Refusal.__subclasses__()} <= described


def test_documents_every_authentication_scheme(schema: dict) -> None:
    schemes = schema["components"]["securitySchemes"]
    assert [*schemes] == ["token", "jwt", "serviceKey"]
    assert all(scheme["description"].count(".") == 1 for name, scheme in schemes.items() if name != "serviceKey")
    profile = schema["paths"]["/api/profile/"]["get"]
    assert profile["security"] == [{"token": []}, {"jwt": []}]
    assert schema["paths"]["/api/login/"]["post"].get("security", [{}]) in ([], [{}])


def test_swagger_keeps_credentials_over_a_reload(client: Client) -> None:
    script = client.get("/api/schema/swagger-ui/?script=").content.decode()

    assert '"persistAuthorization": true' in script


def test_documents_the_format_of_phone_numbers(schema: dict) -> None:
    components = schema["components"]["schemas"]

    assert components["LoginRequest"]["properties"]["phone_number"]["pattern"] == phones.TYPED_PATTERN
    assert components["Profile"]["properties"]["phone_number"]["pattern"] == phones.E164_PATTERN


def test_every_error_is_documented_as_a_problem_document(schema: dict) -> None:
    for name, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if status[0] == "4" or (status[0] == "5" and not name.endswith("/health/ready/")):
                assert list(answer["content"]) == [problems.CONTENT_TYPE], (name, status)


@pytest.mark.parametrize("page", ["swagger-ui", "redoc"])
@pytest.mark.django_db
def test_documentation_pages_load_nothing_from_other_hosts(page: str, settings: Settings) -> None:
    html = Client().get(f"/api/schema/{page}/").content.decode()

    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']+""", html)
    assets = re.findall(r"""(?:src|href)=["']/static/([^"']+)""", html)
    assert assets
    assert all(finders.find(asset) for asset in assets)


def test_start_page_opens() -> None:
    assert Client().get("/", follow=True).status_code == 200
