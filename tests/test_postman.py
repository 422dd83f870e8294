"""The Postman collection matches the API."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.urls import Resolver404, resolve
from django.views import View
from drf_spectacular.generators import SchemaGenerator

POSTMAN = settings.BASE_DIR / "postman"
#: A `{parameter}` in a path of the schema, or a `{{variable}}` in one of the collection.
PLACEHOLDER = re.compile(r"\{+(\w+)\}+")
VARIABLE = re.compile(r"\{\{(\w+)\}\}")
#: Refusals that the collection leaves out.
NOT_TRIED = {
    "activation_window_closed": "REFERRAL_WINDOW_DAYS is 0 by default: a code can be entered at any time",
    "confirmation_needed": "takes a session that was opened more than an hour ago",
    "confirmation_code_exhausted": "takes several wrong codes in a row",
    "country_not_served": "in development codes are sent to all countries",
    "idempotency_key_in_use": "takes two requests at the same time",
    "too_many_webhooks": "takes 20 webhooks",
    "webhook_url_forbidden": "in development every address is allowed",
    "scope_missing": "the key of the demo has every scope",
    "longer_code_needed": "takes some hundred wrong codes",
    "sign_in_locked": "takes several wrong codes in a row",
    "too_many_codes": "takes as many requests as the limit allows",
    "too_many_referral_codes": "takes as many requests as the limit allows",
    "too_many_requests": "takes as many requests as the limit allows",
}
ANY_UUID = "00000000-0000-4000-8000-000000000000"

Item = dict[str, Any]


class Call(NamedTuple):
    """A request of the collection and its path in the folders."""

    where: str
    item: Item

    @property
    def method(self) -> str:
        return str(self.item["request"]["method"])

    @property
    def path(self) -> str:
        url = self.item["request"]["url"]
        raw = str(url["raw"] if isinstance(url, dict) else url)
        return raw.removeprefix("{{base_url}}").partition("?")[0]

    @property
    def variables(self) -> set[str]:
        return set(VARIABLE.findall(json.dumps(self.item["request"])))


@pytest.fixture(scope="module")
def collection() -> Item:
    return read("referral.postman_collection.json")


@pytest.fixture(scope="module")
def calls(collection: Item) -> list[Call]:
    return [Call(where, item) for where, item in everything_in(collection["item"]) if "request" in item]


def read(file: str) -> Item:
    content: Item = json.loads((POSTMAN / file).read_text(encoding="utf-8"))
    return content


def everything_in(items: list[Item], inside: str = "") -> Iterator[tuple[str, Item]]:
    for item in items:
        where = f"{inside}{item['name']}"
        yield where, item
        yield from everything_in(item.get("item", []), f"{where} / ")


def script(item: Item, listen: str) -> str:
    """Return the script that runs before a request (`prerequest`) or after its response (`test`)."""
    events = [event for event in item.get("event", ()) if event["listen"] == listen]
    return "\n".join(line for event in events for line in event["script"]["exec"])


def variables_set_by(code: str) -> set[str]:
    return set(re.findall(r'\.set\("(\w+)"', code))


def example_of(path: str) -> str:
    """Return a concrete path for a path with parameters."""
    return PLACEHOLDER.sub(lambda name: ANY_UUID if name[1].endswith(("token", "id")) else "1", path)


def operation(method: str, path: str) -> tuple[str, str]:
    """Return method and route, which the schema and the collection have in common."""
    return method.upper(), resolve(example_of(path)).route


def codes_of_refusals(operation: Item) -> Iterator[str]:
    """Yield the `code` of each example of a 4xx answer."""
    for status, answer in operation["responses"].items():
        if status.startswith("4"):
            for content in answer["content"].values():
                yield from (example["value"]["code"] for example in content["examples"].values())


def methods_at(path: str) -> set[str]:
    """Return the methods allowed at a path; none if it does not exist."""
    try:
        view: Any = resolve(example_of(path)).func
    except Resolver404:
        return set()
    handlers = view.actions if hasattr(view, "actions") else dir(getattr(view, "cls", None))
    return {method.upper() for method in View.http_method_names if method in handlers}


def test_every_operation_of_the_schema_is_in_the_collection(calls: list[Call]) -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    documented = {operation(method, path): f"{method.upper()} {path}" for path in paths for method in paths[path]}
    called = {operation(call.method, call.path) for call in calls if methods_at(call.path)}

    assert documented
    assert [name for known, name in documented.items() if known not in called] == []


def test_the_pages_of_the_documentation_are_in_the_collection(calls: list[Call]) -> None:
    assert {"/api/schema/", "/api/schema/swagger-ui/", "/api/schema/redoc/"} <= {call.path for call in calls}


def test_the_collection_calls_nothing_that_does_not_exist(calls: list[Call]) -> None:
    assert [call.where for call in calls if call.method not in methods_at(call.path)] == []


def test_every_request_tests_its_answer(calls: list[Call]) -> None:
    tests = {call.where: script(call.item, "test") for call in calls}

    assert [where for where, code in tests.items() if "pm.test(" not in code] == []
    assert [where for where, code in tests.items() if "pm.response.to.have.status(" not in code] == []


def test_every_documented_refusal_is_tried_or_left_out_for_a_reason(calls: list[Call]) -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    documented = {code for operation in operations for code in codes_of_refusals(operation)}
    tried = {code for call in calls for code in re.findall(r'\.code\)\.to\.eql\("(\w+)"', script(call.item, "test"))}

    assert documented - NOT_TRIED.keys() <= tried
    assert NOT_TRIED.keys() <= documented - tried


def test_every_variable_has_a_value_by_the_time_it_is_used(collection: Item, calls: list[Call]) -> None:
    environment = read("local.postman_environment.json")
    known = {variable["key"] for variable in [*environment["values"], *collection["variable"]]}
    known |= variables_set_by(script(collection, "prerequest") + script(collection, "test"))
    unknown = {}
    for call in calls:
        known |= variables_set_by(script(call.item, "prerequest"))
        if missing := call.variables - known:
            unknown[call.where] = missing
        known |= variables_set_by(script(call.item, "test"))

    assert unknown == {}


def test_every_folder_and_request_is_described(collection: Item) -> None:
    described = {
        where: item.get("request", item).get("description") for where, item in everything_in(collection["item"])
    }

    assert [where for where, description in described.items() if not description] == []
