"""Installing from a lock resolves nothing, so a newer release of a package can't break it."""

import configparser
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from infra.containers.stack import settings_of_pip
from referral_project.settings import BASE_DIR

#: The pip of Python 3.11.0 and that of Debian 12.
OLD_PIPS = {
    "22.3": "1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab",
    "23.0.1": "236bcb61156d76c4b8a05821b988c7b8c35bf0da28a4b614e8d6ab5212c25c6f",
}


class SilentHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class PackageIndex:
    """A package index (PEP 503) of wheels without content."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self.url = folder, url

    def publish(self, name: str, version: str, *metadata: str) -> str:
        """Publish a release and return its line for a lock."""
        lines = ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata, "", "")
        wheel = self._folder / name / f"{name}-{version}-py3-none-any.whl"
        wheel.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(wheel, "w") as archive:
            info = f"{name}-{version}.dist-info"
            archive.writestr(f"{info}/METADATA", "\n".join(lines))
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    folder = tmp_path / "index"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SilentHandler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield PackageIndex(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


@pytest.fixture(params=OLD_PIPS)
def python_with_old_pip(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A Python that creates virtual environments with an old pip."""
    (tmp_path / "pip.lock").write_text(f"pip=={request.param} --hash=sha256:{OLD_PIPS[request.param]}\n")
    download = ["download", "--quiet", "--no-deps", "--require-hashes", "--dest", tmp_path]
    subprocess.run([sys.executable, "-m", "pip", *download, "-r", tmp_path / "pip.lock"], check=True)
    (wheel,) = tmp_path.glob("pip-*.whl")
    python = tmp_path / "python"
    # A wheel of pip can install itself, which takes half the time of replacing the pip that comes with Python.
    make_venv, install = (
        f'{sys.executable} "$@" --without-pip',
        f'"$3/bin/python" {wheel}/pip install --quiet --no-index',
    )
    python.write_text(f"#!/bin/sh -e\n{make_venv}\n{install} {wheel}\n")
    python.chmod(0o755)
    return python


def test_the_index_of_this_machine_reaches_the_build_of_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "file:///opt/packages https://more.example/simple")

    settings = configparser.ConfigParser()
    settings.read_string(settings_of_pip())

    assert settings["global"]["index-url"] == "https://index.example/simple"
    assert settings["global"]["extra-index-url"] == "https://more.example/simple"  # no folder of this machine


def make_service(folder: Path, index: PackageIndex, python: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PIP_INDEX_URL": index.url, "PIP_EXTRA_INDEX_URL": "", "PIP_CONFIG_FILE": os.devnull}
    command = ["make", "--file", BASE_DIR / "Makefile", "--directory", folder, ".venv/service", f"PYTHON={python}"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="these releases of pip do not run on Python 3.12")
def test_a_newer_release_of_a_package_wanted_with_an_extra_breaks_nothing(
    tmp_path: Path, index: PackageIndex, python_with_old_pip: Path
) -> None:
    extra = ("Provides-Extra: toml", 'Requires-Dist: reader; extra == "toml"')
    locked = index.publish("service", "1.0", "Requires-Dist: cover[toml]>=1.0")
    locked += index.publish("cover", "1.0", *extra) + index.publish("reader", "1.0")
    index.publish("cover", "1.1", *extra)
    (tmp_path / "requirements.lock").write_text(locked)

    outcome = make_service(tmp_path, index, python_with_old_pip)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    installed = {
        folder.name.split(".dist-info")[0] for folder in tmp_path.glob(".venv/lib/*/site-packages/*.dist-info")
    }
    assert {"service-1.0", "cover-1.0", "reader-1.0"} <= installed


def test_a_lock_that_lacks_a_package_is_refused(tmp_path: Path, index: PackageIndex) -> None:
    locked = index.publish("service", "1.0", "Requires-Dist: cover")
    index.publish("cover", "1.0")
    (tmp_path / "requirements.lock").write_text(locked)

    outcome = make_service(tmp_path, index, Path(sys.executable))

    assert outcome.returncode != 0
    assert "service 1.0 requires cover, which is not installed" in outcome.stdout
    assert not (tmp_path / ".venv/service").exists()
