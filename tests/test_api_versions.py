"""The OpenAPI document is committed, and the version of the API follows from what changed since the last release."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import openapi
from infra.openapi import CURRENT, RELEASED, too_low_version
from infra.openapi_changes import Version, changes_between

DOCUMENT: dict[str, Any] = json.loads(CURRENT.read_text())
LOGIN, USERS = "/api/login/", "/api/users/"


def operation(document: Any, path: str, method: str) -> Any:
    return document["paths"][path][method]


def fields(document: Any, schema: str) -> Any:
    return document["components"]["schemas"][schema]["properties"]


def required(document: Any, schema: str) -> Any:
    return document["components"]["schemas"][schema].setdefault("required", [])


def answer(document: Any, path: str, method: str, status: str) -> Any:
    return operation(document, path, method)["responses"][status]


def parameter(name: str, **rest: Any) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": {"type": "string"}, **rest}


def codes(document: Any) -> Any:
    return answer(document, LOGIN, "post", "400")["content"]["application/problem+json"]["examples"]


Change = Callable[[Any], object]
BREAKING: dict[str, Change] = {
    "DELETE /api/profile/: operation is gone": lambda d: d["paths"]["/api/profile/"].pop("delete"),
    "GET /api/service/: operation is gone": lambda d: d["paths"].pop("/api/service/"),
    "GET /api/profile/: operationId getProfile is profile": lambda d: operation(d, "/api/profile/", "get").update(
        operationId="profile"
    ),
    "GET /api/profile/: credentials jwt are refused": lambda d: operation(d, "/api/profile/", "get").update(
        security=[{"token": []}]
    ),
    "GET /api/users/: scope people:write is needed": lambda d: operation(d, USERS, "get").update(
        {"x-scopes": ["people:write"]}
    ),
    "GET /api/users/: parameter query search is gone": lambda d: operation(d, USERS, "get").update(
        parameters=[each for each in operation(d, USERS, "get")["parameters"] if each["name"] != "search"]
    ),
    "GET /api/users/: parameter query shop is new and required": lambda d: operation(d, USERS, "get")[
        "parameters"
    ].append(parameter("shop", required=True)),
    "GET /api/users/: parameter query search is required": lambda d: next(
        each for each in operation(d, USERS, "get")["parameters"] if each["name"] == "search"
    ).update(required=True),
    "POST /api/logout/: body is new": lambda d: operation(d, "/api/logout/", "post").update(
        requestBody={"required": True, "content": {}}
    ),
    "POST /api/login/: body: content type application/json is gone": lambda d: operation(d, LOGIN, "post")[
        "requestBody"
    ]["content"].pop("application/json"),
    "POST /api/login/: body: username is gone": lambda d: fields(d, "LoginRequest").pop("username"),
    "POST /api/login/: body: username is required": lambda d: required(d, "LoginRequest").append("username"),
    "POST /api/login/: body: shop is new and required": lambda d: (
        fields(d, "LoginRequest").update(shop={"type": "string"}),
        required(d, "LoginRequest").append("shop"),
    ),
    "POST /api/login/: body: username can't be null": lambda d: fields(d, "LoginRequest")["username"].update(
        type="string"
    ),
    "POST /api/login/: body: username has another maxLength": lambda d: fields(d, "LoginRequest")["username"].update(
        maxLength=10
    ),
    "POST /api/login/: body: username has another minLength": lambda d: fields(d, "LoginRequest")["username"].update(
        minLength=10
    ),
    "POST /api/login/: body: phone_number has another pattern": lambda d: fields(d, "LoginRequest")[
        "phone_number"
    ].update(pattern="^7"),
    "POST /api/users/import/: body: dry_run has another default": lambda d: fields(d, "ImportRequest")[
        "dry_run"
    ].update(default=True),
    "POST /api/users/import/: body: rows, items can't be object": lambda d: fields(d, "ImportRequest")["rows"][
        "items"
    ].update(type="string"),
    "POST /api/users/: answer 201 is gone": lambda d: operation(d, USERS, "post")["responses"].pop("201"),
    "POST /api/users/: answer 201: header Location is gone": lambda d: answer(d, USERS, "post", "201")["headers"].pop(
        "Location"
    ),
    "POST /api/login/: answer 200: token is gone": lambda d: fields(d, "Session").pop("token"),
    "POST /api/login/: answer 200: token is optional": lambda d: required(d, "Session").remove("token"),
    "POST /api/login/: answer 200: profile: phone_number can be null": lambda d: fields(d, "Profile")[
        "phone_number"
    ].update(type=["string", "null"]),
    "POST /api/login/: answer 200: expires_at has another format": lambda d: fields(d, "Session")["expires_at"].pop(
        "format"
    ),
    "GET /api/service/: answer 200: scopes, items is not one of a list": lambda d: fields(d, "Service")[
        "scopes"
    ].update(items={"type": "string"}),
    "POST /api/login/: answer 400: code confirmation_code_wrong is gone": lambda d: codes(d).pop(
        "confirmation_code_wrong"
    ),
}
NEW: dict[str, Change] = {
    "POST /api/shops/: operation is new": lambda d: d["paths"].update({"/api/shops/": {"post": {"responses": {}}}}),
    "POST shop.opened: operation is new": lambda d: d["webhooks"].update({"shop.opened": {"post": {"responses": {}}}}),
    "GET /api/users/: parameter query shop is new": lambda d: operation(d, USERS, "get")["parameters"].append(
        parameter("shop")
    ),
    "POST /api/login/: body: shop is new": lambda d: fields(d, "LoginRequest").update(shop={"type": "string"}),
    "POST /api/login/: body: username has another maxLength": lambda d: fields(d, "LoginRequest")["username"].update(
        maxLength=1_000
    ),
    "POST /api/login/: body: phone_number is optional": lambda d: required(d, "LoginRequest").remove("phone_number"),
    "POST /api/login/: body: phone_number has another pattern": lambda d: fields(d, "LoginRequest")["phone_number"].pop(
        "pattern"
    ),
    "POST /api/login/: answer 200: shop is new": lambda d: fields(d, "Session").update(shop={"type": "string"}),
    "POST /api/login/: answer 418 is new": lambda d: operation(d, LOGIN, "post")["responses"].update({"418": {}}),
    "POST /api/login/: answer 400: code teapot is new": lambda d: codes(d).update(teapot={}),
    "GET /api/profile/: credentials serviceKey are taken": lambda d: operation(d, "/api/profile/", "get")[
        "security"
    ].append({"serviceKey": []}),
}


def changed(change: Change) -> Any:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


@pytest.mark.parametrize("what", BREAKING)
def test_a_change_that_breaks_clients_is_found(what: str) -> None:
    found = changes_between(DOCUMENT, changed(BREAKING[what]))

    assert what in {str(each) for each in found if each.is_breaking}


@pytest.mark.parametrize("what", NEW)
def test_what_is_added_breaks_no_client(what: str) -> None:
    found = changes_between(DOCUMENT, changed(NEW[what]))

    assert what in {str(each) for each in found}
    assert not any(each.is_breaking for each in found), found


def test_other_words_and_examples_are_no_change() -> None:
    def reworded(part: Any) -> Any:
        if isinstance(part, dict):
            return {
                name: "Other words."
                if name in ("description", "summary") and isinstance(value, str)
                else reworded(value)
                for name, value in part.items()
            }
        return [reworded(each) for each in part] if isinstance(part, list) else part

    assert changes_between(DOCUMENT, reworded(DOCUMENT)) == []
    assert changes_between(DOCUMENT, DOCUMENT) == []


def test_a_webhook_is_compared_as_an_answer() -> None:
    def with_body(schema: dict[str, Any]) -> Any:
        content = {"application/json": {"schema": schema}}
        return changed(lambda d: d.update(webhooks={"event": {"post": {"requestBody": {"content": content}}}}))

    optional = {"type": "object", "properties": {"id": {"type": "string"}}}
    needed = {**optional, "required": ["id"]}

    assert not any(each.is_breaking for each in changes_between(with_body(optional), with_body(needed)))
    assert any(each.is_breaking for each in changes_between(with_body(needed), with_body(optional)))


def released(version: str, document: Any = DOCUMENT) -> Any:
    return {**document, "info": {**document["info"], "version": version}}


@pytest.mark.parametrize(
    ("change", "too_low", "enough"),
    [
        (dict, "1.4.1", "1.4.2"),
        (NEW["POST /api/login/: answer 418 is new"], "1.4.3", "1.5.0"),
        (BREAKING["DELETE /api/profile/: operation is gone"], "1.5.0", "2.0.0"),
    ],
)
def test_the_version_says_what_changed(change: Change, too_low: str, enough: str) -> None:
    before, after = released("1.4.2"), changed(change)

    refused = too_low_version(before, released(too_low, after))

    assert f"API_VERSION is {too_low}, but has to be {enough}" in refused[0]
    assert too_low_version(before, released(enough, after)) == []


def test_the_list_of_what_broke_is_shown() -> None:
    broken = changed(BREAKING["POST /api/login/: answer 200: token is gone"])

    refused = too_low_version(released("1.0.0"), released("1.0.1", broken))

    assert "  breaks clients: POST /api/login/: answer 200: token is gone" in refused


def test_the_committed_document_is_the_generated_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stale = tmp_path / "openapi.json"
    stale.write_text(CURRENT.read_text().replace("Referral service", "Another service"))

    assert openapi.main(["check"]) == 0
    assert openapi.main(["check", "--current", str(stale)]) == 1
    assert "run `make schema`" in capsys.readouterr().err
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_a_release_is_what_the_next_one_is_compared_with(tmp_path: Path) -> None:
    before = json.loads(RELEASED.read_text())
    target = tmp_path / "released.json"
    target.write_text(json.dumps(before))

    assert openapi.main(["release", "--released", str(target)]) == 0

    assert json.loads(target.read_text()) == DOCUMENT
    assert Version.of(DOCUMENT) >= Version.of(before)
