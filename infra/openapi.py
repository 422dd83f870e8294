"""The committed OpenAPI document: `python -m infra.openapi write`, `check` or `release`.

`write` generates docs/openapi.json. `check` exits with 1 if the committed document is not the generated one, or if
`API_VERSION` is too low by https://semver.org for what changed since the last release. `release` keeps the document as
docs/openapi-released.json, which the next ones are compared with.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django
from django.apps import apps

from infra.openapi_changes import Version, changes_between

DOCS = Path(__file__).parent.parent / "docs"
CURRENT, RELEASED = DOCS / "openapi.json", DOCS / "openapi-released.json"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write or check the committed OpenAPI document.")
    parser.add_argument("action", choices=["write", "check", "release"])
    parser.add_argument("--current", type=Path, default=CURRENT, help="the committed document")
    parser.add_argument("--released", type=Path, default=RELEASED, help="the document of the last release")
    asked = parser.parse_args(arguments)

    if asked.action == "write":
        asked.current.write_text(generated())
        return 0
    failures = [*_differences(asked.current), *too_low_version(_read(asked.released), _read(asked.current))]
    if failures:
        sys.stderr.write("\n".join(failures) + "\n")
        return 1
    if asked.action == "release":
        asked.released.write_text(asked.current.read_text())
    return 0


def generated() -> str:
    """Return the document that the code describes, in English, the same on every machine."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_project.settings")
    # As `make run`: no address of a server, no secrets needed.
    os.environ |= {"DEBUG": "True", "SERVICE_NAME": ""}
    if not apps.ready:
        django.setup()
    from django.utils import translation
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiJsonRenderer

    with translation.override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)
        text = OpenApiJsonRenderer().render(schema, renderer_context={})
    return json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


def _differences(current: Path) -> list[str]:
    if current.read_text() == generated():
        return []
    return [f"{current.name} is not what the code describes: run `make schema` and look at what changed"]


def too_low_version(released: Any, current: Any) -> list[str]:
    """Return why this version can't be released after that one; an empty list if it can."""
    changes, version = changes_between(released, current), Version.of(current)
    lowest = Version.of(released).after(changes)
    if version >= lowest:
        return []
    found = [f"  {'breaks clients' if change.is_breaking else 'new'}: {change}" for change in changes]
    return [f"API_VERSION is {version}, but has to be {lowest}. Since the release {Version.of(released)}:", *found]


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


if __name__ == "__main__":
    sys.exit(main())
