"""docs/integration.md, block by block: a host's backend does the whole job with generated clients."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from referral_project.settings import BASE_DIR

pytestmark = pytest.mark.django_db(transaction=True)
NODE_MODULES = BASE_DIR / "tests/clients/node_modules"
TOOLS = f"{Path(sys.executable).parent}:{NODE_MODULES}/.bin:{os.environ['PATH']}"
TOLD = [
    "I am shop and may people:read, people:write, sign_in:forward",
    "Boris is customer-2077",
    "active: true",
    "refused: already_activated",
    "Anna brought customer-2077",
]


def blocks() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```", DOCUMENT.read_text(), flags=re.MULTILINE | re.DOTALL):
        found.setdefault(language, []).append(code)
    return found


DOCUMENT = BASE_DIR / "docs/integration.md"
BLOCKS = blocks()
MAKE_KEY, GENERATE, BY_CURL = BLOCKS["bash"]
(BY_PYTHON,), (BY_TYPESCRIPT,) = BLOCKS["python"], BLOCKS["typescript"]


def run(*command: object, cwd: Path = BASE_DIR, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, "PATH": TOOLS, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bash(code: str, *, cwd: Path = BASE_DIR, **environment: str) -> str:
    return run("bash", "-euo", "pipefail", "-c", code, cwd=cwd, **environment)


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    host = f"{database['HOST'] or 'localhost'}:{database['PORT'] or 5432}"
    return f"postgres://{database['USER']}:{database['PASSWORD']}@{host}/{database['NAME']}"


@pytest.fixture
def backend(live_server: LiveServer) -> dict[str, str]:
    """Return the environment of the host's backend: the address of the service, and a key made as the page says."""
    made = bash(MAKE_KEY, DATABASE_URL=database_url())
    return {"REFERRAL_URL": live_server.url, "REFERRAL_KEY": made.splitlines()[-1]}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the generated clients."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "docs").symlink_to(BASE_DIR / "docs")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    bash(GENERATE, cwd=folder)
    return folder


def test_the_page_has_one_program_in_each_language() -> None:
    assert {language: len(programs) for language, programs in BLOCKS.items()} == {
        "bash": 3,
        "python": 1,
        "typescript": 1,
    }


def test_curl(backend: dict[str, str]) -> None:
    told = bash(BY_CURL, **backend).splitlines()

    assert told == [TOLD[0], '{"created":1,"refused":[]}', *TOLD[1:]]


def test_python(clients: Path, backend: dict[str, str]) -> None:
    (clients / "job.py").write_text(BY_PYTHON)

    told = run(sys.executable, "job.py", cwd=clients, **backend).splitlines()

    assert told == [TOLD[0], "created 1, refused 0", *TOLD[1:]]


def test_typescript(clients: Path, backend: dict[str, str]) -> None:
    (clients / "job.ts").write_text(BY_TYPESCRIPT)

    run("tsc", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "job.ts", cwd=clients)
    told = run("node", "job.js", cwd=clients, **backend).splitlines()

    assert told == [TOLD[0], "created 1, refused 0", *TOLD[1:]]
