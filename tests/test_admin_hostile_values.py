"""No value of any parameter of any list of the panel breaks it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from users.models import User

pytestmark = pytest.mark.django_db

VALUES = {
    "empty": "",
    "NUL": "\0",
    "many digits": "9" * 5_000,
    "more than a column holds": "9" * 30,
    "negative": "-1",
    "other digits": "٣٢١",
    "emoji": "\N{GRINNING FACE}",
    "long text": "x" * 6_000,
    "year 10000": "10000-01-01",
    "last day": "9999-12-31",
}
#: Django's own parameters that each list may read in its way.
OF_EACH_LIST = ("q", "o", "p", "id__exact")
#: Django's own parameters that no list of ours changes, and one that none knows.
OF_ANY_LIST = ("all", "e", "_facets", "_popup", "_to_field", "unknown", "pk__in")


def registered_lists() -> dict[type[Model], Any]:
    return admin.site._registry  # noqa: SLF001  there is no public way


def lists() -> Iterator[tuple[str, str]]:
    """Yield the path of every list and export with every parameter that filters it."""
    for model, model_admin in registered_lists().items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = ["changelist", *(["export"] if hasattr(model_admin, "export") else [])]
        filters = {*getattr(model_admin, "allowed_lookups", ()), *OF_EACH_LIST, *(OF_ANY_LIST if model is User else ())}
        yield from ((reverse(f"{name}_{page}"), parameter) for page in pages for parameter in sorted(filters))


@pytest.mark.parametrize(("path", "parameter"), lists())
def test_every_value_of_every_parameter_is_answered(admin_client: Client, path: str, parameter: str) -> None:
    admin_client.raise_request_exception = False

    answers = {kind: admin_client.get(path, {parameter: value}) for kind, value in VALUES.items()}
    answers["twice"] = admin_client.get(path, {parameter: ["1", "\0"]})

    assert {kind: answer.status_code for kind, answer in answers.items() if answer.status_code >= 500} == {}


def test_every_filter_of_every_list_is_among_the_parameters(admin_client: Client) -> None:
    shown = {
        parameter
        for path in {path for path, _ in lists() if not path.endswith("export/")}
        for spec in admin_client.get(path).context["cl"].filter_specs
        for parameter in spec.expected_parameters()
    }

    assert shown
    # Django adds the last kind to a column with choices, and refuses it: see `allowed_lookups`.
    assert {name for name in shown - {name for _, name in lists()} if not name.endswith("__isnull")} == set()


@pytest.mark.parametrize("kind", VALUES)
def test_every_id_of_a_row_is_answered(admin_client: Client, kind: str) -> None:
    admin_client.raise_request_exception = False
    models: list[type[Model]] = [*registered_lists()]
    paths = [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in models]

    for path in paths:
        for page in ("change", "delete", "history"):
            pk = VALUES[kind].encode() or b"_"
            quoted = "".join(f"%{byte:02X}" for byte in pk)
            assert admin_client.get(f"{path}{quoted}/{page}/").status_code < 500, f"{path} {page}"


@pytest.mark.parametrize("kind", VALUES)
def test_every_selection_for_an_action_is_answered(admin_client: Client, kind: str) -> None:
    admin_client.raise_request_exception = False
    before = User.objects.count()

    for model in registered_lists():
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        chosen = {"action": "delete_selected", "_selected_action": [VALUES[kind]], "post": "yes"}
        assert admin_client.post(path, chosen).status_code < 500, path
    assert User.objects.count() == before
