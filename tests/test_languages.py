"""Every text is translated to Russian."""

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation import override
from django.utils.translation.template import templatize

from referral_project.settings import BASE_DIR
from users.refusals import Refusal

FOLDER = BASE_DIR / "locale/ru/LC_MESSAGES"
CODE = [
    path
    for app in ("api", "common", "panel", "users", "web", "referral_project")
    for path in (BASE_DIR / app).rglob("*.py")
]
PAGES = [
    path for app in ("api", "panel", "users", "web", ".") for path in (BASE_DIR / app / "templates").rglob("*.html")
]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "pgettext": ((1, "c"), 2),
    "ngettext": (1, 2),
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
}


@pytest.fixture(scope="module")
def russian() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="ru")


def texts_of(path: Path) -> set[str]:
    if path.suffix == ".html":
        return set(re.findall(r"""gettext\((?:u?'[^']*', )?u?(?:'|")(.+?)(?:'|")\)""", templatize(path.read_text())))
    found = extract("python", io.BytesIO(path.read_bytes()), KEYWORDS)
    return {text if isinstance(text, str) else text[0] for _, text, *_ in found}


def forms(text: str | Sequence[str]) -> tuple[str, ...]:
    """Return the plural forms of a text, or the only form."""
    return (text,) if isinstance(text, str) else tuple(text)


def test_every_text_is_translated(russian: Catalog) -> None:
    used = set.union(*(texts_of(path) for path in (*CODE, *PAGES)))
    translated = {
        forms(message.id)[0] for message in russian if message.id and all(forms(message.string)) and not message.fuzzy
    }

    assert len(used) > 50
    assert used - translated == set()
    assert translated - used == set(), "no longer in use"


def test_translations_keep_placeholders(russian: Catalog) -> None:
    for message in russian:
        placeholders = {tuple(sorted(re.findall(r"%\(\w+\)\w", form))) for form in forms(message.id)}
        assert {tuple(sorted(re.findall(r"%\(\w+\)\w", form))) for form in forms(message.string)} == placeholders


def test_compiled_catalog_matches_its_source(russian: Catalog) -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        served = {forms(message.id): forms(message.string) for message in read_mo(file) if message.id}

    written = {forms(message.id): forms(message.string) for message in russian if message.id}
    assert served == written, "run `make messages`"


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs gettext; .ci/run installs it")
def test_collecting_the_texts_again_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(BASE_DIR, copy, ignore=shutil.ignore_patterns(".*", "node_modules", "__pycache__", "tests"))
    command = ["make", "--directory", str(copy), "--old-file", ".venv/service", f"BIN={Path(sys.executable).parent}"]

    subprocess.run([*command, "messages"], check=True, capture_output=True)

    collected = (copy / FOLDER.relative_to(BASE_DIR) / "django.po").read_text()
    assert collected == (FOLDER / "django.po").read_text(), "run `make messages`"


@pytest.mark.parametrize("refusal", Refusal.__subclasses__())
def test_every_domain_error_is_translated(refusal: type[Refusal]) -> None:
    details = {"retry_after": 1, "tries_left": 1, "days": 1, "minutes": 1, "steps": 1, "scope": "people:read"}
    with override("ru"):
        result = str(refusal(**details))

    assert re.search("[а-я]", result)
