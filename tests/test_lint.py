"""`make lint` refuses literary prose and imports that break a contract."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from referral_project.settings import BASE_DIR

PLAIN = "Deletes expired rows in batches of 1,000."
LITERARY = "Deletes what nobody\nneeds any longer, whatever it is, once\nmore."


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)


# Prose


def count_prose(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "infra.prose", "--list", *options, "--folder", folder, cwd=BASE_DIR)


def write(folder: Path, *, docstring: str = PLAIN, comment: str = PLAIN, document: str = PLAIN) -> None:
    """Write a repository with one docstring, one comment and one document."""
    (folder / "docs").mkdir()
    (folder / "docs/purge.md").write_text(f"# Purge\n\n{document}\n")
    (folder / "users").mkdir()
    lines = "".join(f"# {line}\n" for line in comment.splitlines())
    (folder / "users/purging.py").write_text(f'"""{docstring}"""\n\n{lines}DAYS = "whatever"\n')


def test_plain_prose_passes(tmp_path: Path) -> None:
    write(tmp_path)

    outcome = count_prose(tmp_path)

    assert outcome.returncode == 0, outcome.stdout
    assert "total                     19 words     0 hits    0.0 per 1,000" in outcome.stdout


@pytest.mark.parametrize(
    ("place", "hits", "kind"),
    [
        ("docstring", ("users/purging.py:1: nobody", "users/purging.py:2: once more"), "product"),
        ("comment", ("users/purging.py:3: nobody", "users/purging.py:4: once more"), "product"),
        ("document", ("docs/purge.md:3: nobody", "docs/purge.md:4: once more"), "documents"),
    ],
)
def test_literary_prose_is_refused_and_listed(tmp_path: Path, place: str, hits: tuple[str, ...], kind: str) -> None:
    write(tmp_path, **{place: LITERARY})

    outcome = count_prose(tmp_path)

    assert outcome.returncode == 1
    assert set(hits) <= set(outcome.stdout.splitlines())
    assert f"words: {kind}, total" in outcome.stderr


def test_the_limit_of_literary_prose_can_be_raised(tmp_path: Path) -> None:
    write(tmp_path, docstring=LITERARY)

    assert count_prose(tmp_path, "--limit", "500").returncode == 0


# Imports


def test_imports_that_break_a_contract_are_refused(tmp_path: Path) -> None:
    contracts = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["tool"]["importlinter"]
    shutil.copy(BASE_DIR / "pyproject.toml", tmp_path)
    for package in contracts["root_packages"]:
        shutil.copytree(BASE_DIR / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    linter = (Path(sys.executable).with_name("lint-imports"), "--no-cache")
    assert run(*linter, cwd=tmp_path).returncode == 0

    for module, imported in (("web/urls.py", "panel.site"), ("users/models/people.py", "users.sms.outbox")):
        with (tmp_path / module).open("a") as file:
            file.write(f"import {imported}\n")
    outcome = run(*linter, cwd=tmp_path)

    assert outcome.returncode == 1
    assert "web.urls -> panel.site" in outcome.stdout
    assert "users.models.people -> users.sms.outbox" in outcome.stdout
    assert f"Contracts: {len(contracts['contracts']) - 2} kept, 2 broken." in outcome.stdout


# Migrations


def lint_migration(folder: Path, operation: str) -> subprocess.CompletedProcess[str]:
    """Lint a project of one table with this operation as its second migration."""
    package = folder / "shop" / "migrations"
    package.mkdir(parents=True)
    for init in (package.parent / "__init__.py", package / "__init__.py"):
        init.touch()
    head = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
    table = (
        'migrations.CreateModel("Order", [("id", models.BigAutoField(primary_key=True)), ("note", models.TextField())])'
    )
    (package / "0001_initial.py").write_text(f"{head}    initial = True\n    operations = [{table}]\n")
    (package / "0002_change.py").write_text(
        f'{head}    dependencies = [("shop", "0001_initial")]\n    operations = [{operation}]\n'
    )
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "shop.sqlite3")}
    settings = f'INSTALLED_APPS = ["shop"]\nDATABASES = {{"default": {database!r}}}\nSECRET_KEY = "k"\n'
    (folder / "shop_settings.py").write_text(settings)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "shop_settings", "PYTHONPATH": f"{folder}:{BASE_DIR}"}
    command = [sys.executable, "-m", "infra.migration_lint", "shop"]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def test_a_migration_that_the_release_before_can_live_with_passes(tmp_path: Path) -> None:
    outcome = lint_migration(tmp_path, 'migrations.AddField("order", "paid", models.DateTimeField(null=True))')

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "Valid migrations: 2/2" in outcome.stdout


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ('migrations.RemoveField("order", "note")', "DROPPING columns"),
        ('migrations.RenameField("order", "note", "text")', "RENAMING columns"),
        ('migrations.AddField("order", "paid", models.IntegerField())', "NOT NULL constraint on columns"),
    ],
)
def test_a_migration_that_breaks_the_release_before_is_refused(tmp_path: Path, operation: str, reason: str) -> None:
    outcome = lint_migration(tmp_path, operation)

    assert outcome.returncode == 1
    assert reason in outcome.stdout
