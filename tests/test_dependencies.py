"""Locks with digests, the vulnerability audit, and the secret scan."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from referral_project.settings import BASE_DIR

KEY = "AKIA" + "IOSFODNN7EXAMPLX"  # in two parts, so that the scan doesn't find this file


def named_in(file: str) -> dict[str, str]:
    """Return the pinned packages of a requirements file and their versions."""
    pins = re.findall(r"^([\w-]+)(?:\[\w+\])?==([^\s;]+)", (BASE_DIR / file).read_text(), flags=re.MULTILINE)
    return {name.lower(): version for name, version in pins}


def locked_in(file: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w-]+)==(\S+)", (BASE_DIR / file).read_text(), flags=re.MULTILINE))


# The lock


@pytest.mark.parametrize(
    ("lock", "lists"),
    [
        ("requirements.lock", ["requirements.txt"]),
        ("requirements-build.lock", ["requirements-build.txt"]),
        ("requirements-dev.lock", ["requirements.txt", "requirements-dev.txt"]),
    ],
)
def test_the_lock_is_as_new_as_the_list_it_was_made_from(lock: str, lists: list[str]) -> None:
    text = (BASE_DIR / lock).read_text()
    entries = re.split(r"\n(?=\w)", text[text.index("\n", text.index("make lock")) + 1 :])
    direct = {entry.split("==")[0] for entry in entries if "-r requirements" in entry}

    named = {name: version for file in lists for name, version in named_in(file).items()}

    assert named.items() <= locked_in(lock).items(), "run `make lock`"
    assert direct == set(named), "run `make lock`"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_version_and_digests(lock: str) -> None:
    entries = re.split(r"\n(?=\w)", (BASE_DIR / lock).read_text().split("make lock\n")[1])

    assert len(entries) > 50
    assert all(re.match(r"[\w-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)


def test_tests_run_on_the_very_versions_that_serve() -> None:
    assert locked_in("requirements.lock").items() <= locked_in("requirements-dev.lock").items()


@pytest.mark.parametrize("file", ["Makefile", "infra/Dockerfile"])
def test_everything_is_installed_from_a_lock_that_is_complete(file: str) -> None:
    text = (BASE_DIR / file).read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "pip install" in line]

    assert installs
    assert all({"--require-hashes", "--no-deps", "--only-binary"} <= set(line.split()) for line in installs)
    assert "pip check" in text


@pytest.mark.parametrize("folder", ["postman", "tests/browser", "tests/clients"])
def test_every_package_of_npm_has_a_digest(folder: str) -> None:
    lock = json.loads((BASE_DIR / folder / "package-lock.json").read_text())

    packages = [package for name, package in lock["packages"].items() if name]

    assert packages
    assert all("integrity" in package for package in packages)


# Known vulnerabilities


class Advisories(BaseHTTPRequestHandler):
    """Answers as https://google.github.io/osv.dev/post-v1-query/ specifies: only Flower 1.0 is vulnerable."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hole = {
            "id": "PYSEC-0000-1",
            "modified": "2025-01-01T00:00:00Z",
            "affected": [
                {
                    "package": {"name": "flower", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
                }
            ],
        }
        known = {"vulns": [hole]} if (asked["package"]["name"], asked["version"]) == ("flower", "1.0") else {}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(known).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def advisories() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()


def audit(folder: Path, version: str, *options: str) -> subprocess.CompletedProcess[str]:
    lock = folder / "some.lock"
    lock.write_text(f"flower=={version} \\\n    --hash=sha256:{'0' * 64}\namqp==5.0 \\\n    --hash=sha256:{'0' * 64}\n")
    command = [sys.executable, "-m", "infra.audit", *options, str(lock)]
    return subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)


def test_a_package_with_a_known_hole_fails_the_audit(tmp_path: Path, advisories: str) -> None:
    outcome = audit(tmp_path, "1.0", "--osv-url", advisories)

    assert outcome.returncode == 1
    assert "flower 1.0: PYSEC-0000-1, mended in 1.1" in outcome.stdout


def test_packages_without_one_pass(tmp_path: Path, advisories: str) -> None:
    outcome = audit(tmp_path, "1.1", "--strict", "--osv-url", advisories)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "audited" in outcome.stdout
    assert "NOT AUDITED" not in outcome.stdout


def test_without_advisories_in_reach_it_says_that_nothing_was_audited(tmp_path: Path) -> None:
    nobody = ("--osv-url", "http://127.0.0.1:9/v1/query")

    outcome = audit(tmp_path, "1.0", *nobody)

    assert outcome.returncode == 0
    assert "NOT AUDITED  some.lock: no advisory data within reach for 2 packages" in outcome.stdout
    assert audit(tmp_path, "1.0", "--strict", *nobody).returncode == 2


# Secrets


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Anna", "-c", "user.email=anna@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "change")


def scan(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.secret_scan", "--folder", str(folder), *options]
    return subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)


def test_a_secret_in_a_file_is_found(repository: Path) -> None:
    commit(repository, settings=f"key = '{KEY}'\npassword = 'hunter2-and-more'\n")

    outcome = scan(repository, "--files")

    assert outcome.returncode == 1
    assert "settings.py:1: AWS Access Key" in outcome.stderr
    assert "settings.py:2: Secret Keyword" in outcome.stderr
    assert KEY not in outcome.stdout + outcome.stderr


def test_a_secret_that_was_taken_out_again_is_found_in_the_history(repository: Path) -> None:
    commit(repository, settings=f"key = '{KEY}'\n")
    commit(repository, settings="key = env('KEY')\n")

    outcome = scan(repository)

    assert outcome.returncode == 1
    assert "settings.py:1: AWS Access Key" in outcome.stderr
    assert scan(repository, "--files").returncode == 0


def test_what_was_accepted_as_no_secret_is_not_found_again(repository: Path) -> None:
    commit(repository, settings=f"key = '{KEY}'\n")

    scan(repository, "--accept")

    assert scan(repository).returncode == 0
    assert KEY not in (repository / ".secrets.baseline").read_text()
