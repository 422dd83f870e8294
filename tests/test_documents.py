"""The documents match the code: links, paths, names, commands, metrics, settings, and the tables of docs/api.md."""

import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import environ
import pytest
from drf_spectacular.generators import SchemaGenerator
from prometheus_client import REGISTRY, Metric

import referral_project
from api import problems
from referral_project.settings import BASE_DIR
from users.sms import metrics as sms_metrics

DOCUMENTS = [*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").glob("*.md"), BASE_DIR / "postman/README.md"]
API = (BASE_DIR / "docs/api.md").read_text()
SETTINGS = (BASE_DIR / "docs/settings.md").read_text()

FOLDERS = r"(?:\.ci|api|benchmarks|common|docs|infra|locale|panel|postman|referral_project|templates|tests|users|web)"
PACKAGES = r"(?:api|benchmarks|common|infra|panel|postman|referral_project|tests|users|web)"
PERMISSION = re.compile(r"users\.(?:view|add|change|delete)_\w+")
CODE = ("api", "benchmarks", "common", "infra", "panel", "referral_project", "tests", "users", "web")
#: Written by an operator or by a benchmark, and not part of the repository.
NOT_IN_THE_REPOSITORY = {"benchmarks/results/", "infra/.env", "infra/backups", "infra/kubernetes/secret.env"}
#: What a type of metric adds to its name.
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum", ""), "gauge": ("",)}

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(BASE_DIR)))


def code_in(document: Path) -> Iterator[str]:
    """Yield what stands in backticks, inline and in blocks."""
    text = document.read_text()
    yield from re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors_of(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@each_document
def test_every_local_link_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"""(?:src|href)=["']([^"']+)""", text)

    for target in targets:
        if "://" not in target:
            path, _, anchor = target.partition("#")
            file = document.parent / path if path else document
            assert file.exists(), target
            assert not anchor or anchor in anchors_of(file), target


@each_document
def test_every_path_exists(document: Path) -> None:
    for code in code_in(document):
        for path in re.findall(rf"(?<![\w/.:$-]){FOLDERS}/[\w./*-]*", code):
            if path not in NOT_IN_THE_REPOSITORY and "node_modules" not in path:
                assert any(BASE_DIR.glob(path.rstrip("/."))), path


@each_document
def test_every_module_and_function_exists(document: Path) -> None:
    for code in code_in(document):
        for name in re.findall(rf"(?<![\w/.:@-]){PACKAGES}(?:\.\w+)+(?![\w/:@-])", code):
            if not name.endswith((".py", ".md", ".yml")) and not PERMISSION.fullmatch(name):
                pkgutil.resolve_name(name)


@each_document
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (BASE_DIR / "Makefile").read_text(), flags=re.MULTILINE))
    named = {name for code in code_in(document) for name in re.findall(r"(?:^|\n)make ([a-z-]+)", code)}

    assert named <= targets


@pytest.mark.django_db
def test_every_metric_exists() -> None:
    families: list[Metric] = [*REGISTRY.collect(), *sms_metrics.collect()]
    known = {f"{family.name}{suffix}" for family in families for suffix in SUFFIXES.get(family.type, ())}

    named = {
        name
        for document in DOCUMENTS
        for code in code_in(document)
        for name in re.findall(r"\b(?!test_)[a-z]+(?:_[a-z]+)*_total\b|\b(?:http|sms)_[a-z_]+\b", code)
    }

    assert len(named) > 4
    assert named <= known


def defaults_of_settings(*, debug: bool) -> dict[str, Any]:
    """Load the settings again; return every variable that they read, with its default."""
    defaults: dict[str, Any] = {}

    def record(env: environ.Env, name: str, default: Any = None, **rest: Any) -> Any:
        defaults[name] = default
        return read(env, name, default=default, **rest)

    read = environ.Env.get_value
    # Some settings are read with PostgreSQL, or with HTTPS, only.
    environment = {"DEBUG": str(debug), "SECRET_KEY": "k", "HTTPS": "True", "DATABASE_URL": "postgres://host/name"}
    environment["PUBLIC_URL"] = "https://referral.example"
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.dict(sys.modules),
        mock.patch.object(referral_project, "settings", create=True),
        mock.patch.object(environ.Env, "get_value", record),
    ):
        for name in [name for name in sys.modules if name.startswith("referral_project.settings")]:
            del sys.modules[name]
        importlib.import_module("referral_project.settings")
    return defaults


def test_the_settings_document_lists_every_variable_once() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", SETTINGS, flags=re.MULTILINE)

    assert sorted(listed) == sorted(defaults_of_settings(debug=False))


def test_the_settings_document_has_the_defaults_of_the_code() -> None:
    in_debug = defaults_of_settings(debug=True)
    plain = {
        name: str(default)
        for name, default in defaults_of_settings(debug=False).items()
        if name != "DATABASE_URL" and isinstance(default, str | int | float) and default == in_debug[name] != ""
    }
    assert len(plain) > 40

    for name, default in plain.items():
        told = re.search(rf"^\| `{name}` \| `([^`]*)`", SETTINGS, flags=re.MULTILINE)
        assert told, name
        assert told.group(1) == default, name


@each_document
def test_every_name_in_capitals_is_a_setting_or_occurs_in_the_code(document: Path) -> None:
    code = [BASE_DIR / "Makefile", *(path for folder in CODE for path in (BASE_DIR / folder).rglob("*.py"))]
    deployment = re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / "infra/.env.example").read_text(), flags=re.MULTILINE)
    known = {*defaults_of_settings(debug=False), *deployment, "LC_MESSAGES"}
    named = {
        name
        for text in code_in(document)
        for name in re.findall(r"(?<![\w.$-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text)
        if name not in known
    }

    assert {name for name in named if not any(name in path.read_text() for path in code)} == set()


def test_the_api_document_lists_every_operation() -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    operations = {f"{method.upper()} `{path}`" for path, methods in paths.items() for method in methods}

    assert set(re.findall(r"^\| ((?:GET|POST|PUT|PATCH|DELETE) `[^`]+`) \|", API, flags=re.MULTILINE)) == operations


def test_the_api_document_lists_every_error_with_its_status() -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    errors = {
        (status, code)
        for methods in paths.values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        for code in answer.get("content", {}).get(problems.CONTENT_TYPE, {}).get("examples", ())
    }

    assert set(re.findall(r"^\| (\d{3}) `(\w+)` \|", API, flags=re.MULTILINE)) == errors
