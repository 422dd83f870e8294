"""The README tells the truth."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import environ
import pytest
from drf_spectacular.generators import SchemaGenerator
from pytest_django.live_server_helper import LiveServer

import referral_project
from referral_project.settings import BASE_DIR

pytestmark = pytest.mark.any_database
README = (BASE_DIR / "README.md").read_text()


def defaults_of_settings(*, debug: bool) -> dict[str, Any]:
    """Load the settings again; return every variable that they read, with its default."""
    defaults: dict[str, Any] = {}

    def record(env: environ.Env, name: str, default: Any = None, **rest: Any) -> Any:
        defaults[name] = default
        return read(env, name, default=default, **rest)

    read = environ.Env.get_value
    # PostgreSQL and HTTPS have settings of their own.
    environment = {"DEBUG": str(debug), "SECRET_KEY": "k", "HTTPS": "True", "DATABASE_URL": "postgres://host/name"}
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


def test_the_table_of_settings_lists_every_variable() -> None:
    section = README.split("\n## Settings\n")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `([A-Z_]+)` \|", section, flags=re.MULTILINE)

    assert sorted(listed) == sorted(defaults_of_settings(debug=False))


def test_the_table_of_settings_tells_the_defaults() -> None:
    in_debug = defaults_of_settings(debug=True)
    plain = {
        name: str(default)
        for name, default in defaults_of_settings(debug=False).items()
        if name != "DATABASE_URL" and isinstance(default, str | int | float) and default == in_debug[name] != ""
    }
    assert len(plain) > 40

    for name, default in plain.items():
        told = re.search(rf"^\| `{name}` \| `([^`]*)`", README, flags=re.MULTILINE)
        assert told, name
        assert told.group(1) == default, name


def test_the_table_of_the_api_lists_every_operation() -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    operations = {f"{method.upper()} `{path}`" for path, methods in paths.items() for method in methods}

    assert set(re.findall(r"^\| ((?:GET|POST|PUT|PATCH|DELETE) `[^`]+`) \|", README, flags=re.MULTILINE)) == operations


@pytest.mark.django_db(transaction=True)
def test_the_five_calls_work_as_printed(live_server: LiveServer) -> None:
    script = re.search(r"```sh\n(api=.*?)```", README, flags=re.DOTALL)
    assert script
    calls = script.group(1).replace("http://127.0.0.1:8000", live_server.url)

    shell = subprocess.run(["bash", "-eu", "-c", calls], capture_output=True, text=True, check=True)

    printed = [json.loads(line) for line in shell.stderr.splitlines()] + [json.loads(shell.stdout)]
    shown = [json.loads(line) for line in re.findall(r'^\{"(?:phone_number|token)".*', README, flags=re.MULTILINE)]
    assert [answer.keys() for answer in printed] == [answer.keys() for answer in shown]
    assert printed[4]["used_referral_code"] == printed[1]["profile"]["referral_code"]


def test_every_picture_is_shown_somewhere_and_light() -> None:
    pages = [BASE_DIR / "README.md", *(BASE_DIR / "docs").glob("*.md")]
    shown = {Path(path).name for page in pages for path in re.findall(r"images/[\w-]+\.png", page.read_text())}
    pictures = {picture.name: picture.stat().st_size for picture in (BASE_DIR / "docs/images").iterdir()}

    assert pictures.keys() == shown
    assert max(pictures.values()) < 200_000
