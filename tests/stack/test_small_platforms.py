"""The service where it costs nothing: the processes of a Procfile, and the WSGI file of docs/deployment.md."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from common import es256
from infra.try_stack import PlainSite, sign_in, unpack_image
from referral_project.settings import BASE_DIR
from tests.support.factories import phone_number
from tests.support.fake_gateways import Gateway
from tests.support.manage import clean_environment
from tests.support.servers import PATIENCE_SECONDS, free_port, redis_server, wait_until
from tests.support.service import migrated_sqlite

pytestmark = pytest.mark.xdist_group("small platforms")
DEPLOYMENT = (BASE_DIR / "docs/deployment.md").read_text()
HONCHO = [sys.executable, "-m", "honcho", "start"]
#: Beside a web process, with Redis.
OTHERS = ["worker", "webhooks", "beat"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, gateway: Gateway) -> Path:
    """The service as a platform has it: its files, a database, settings in `.env`; prepared by `release`."""
    folder = unpack_image(tmp_path_factory.mktemp("platform") / "referral")
    shutil.copy(BASE_DIR / "Procfile", folder)
    shutil.copy(migrated_sqlite(), folder / "db.sqlite3")
    settings = {
        "DEBUG": "False",
        "SECRET_KEY": "k" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
        "JWT_SIGNING_KEYS": es256.generate(),
        "PUBLIC_URL": "https://referral.example",
        "SMS_URL": gateway.sms_url,
        "TRUSTED_PROXIES": "1",
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    subprocess.run([*HONCHO, "release"], cwd=folder, env=environment(), check=True)
    return folder


def environment(**settings: str) -> dict[str, str]:
    """Return a platform's environment: the programs of this Python come first."""
    clean = clean_environment()
    return clean | {"PATH": f"{Path(sys.executable).parent}:{clean['PATH']}"} | settings


@contextmanager
def running(command: list[str], port: int, **options: Any) -> Iterator[PlainSite]:
    """Yield a client of a server that listens on a port; stop the server afterwards."""
    with subprocess.Popen(command, **options) as process, PlainSite(port) as site:
        try:
            wait_until(site.answers, process, seconds=3 * PATIENCE_SECONDS)
            yield site
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def assert_serves(site: PlainSite, gateway: Gateway) -> None:
    phone = phone_number()
    assert sign_in(site, gateway, phone)["profile"]["phone_number"] == phone
    stylesheet = re.search(r'<link rel="stylesheet" href="([^"]+)"', site.get("/").text)
    assert stylesheet
    assert site.get(stylesheet[1]).status_code == 200


def test_the_processes_of_the_procfile_serve(checkout: Path, gateway: Gateway) -> None:
    port = free_port()
    with redis_server() as broker:
        own = environment(PORT=str(port), REDIS_URL=broker, WEB_CONCURRENCY="1")
        with running([*HONCHO, "web", "worker"], port, cwd=checkout, env=own) as site:
            assert_serves(site, gateway)
            checks = site.get("/health/ready/").json()["checks"]

    assert checks == {"database": "ok", "cache": "ok", "broker": "ok"}


def test_the_documented_wsgi_file_serves_without_redis(checkout: Path, gateway: Gateway, tmp_path: Path) -> None:
    port = free_port()
    documented = re.search(r"```python\n(.*?referral_project\.wsgi.*?)```", DEPLOYMENT, flags=re.DOTALL)
    assert documented
    file = documented[1].replace("/home/NAME/referral", str(checkout))
    server = (
        f"from wsgiref.simple_server import make_server\nmake_server('127.0.0.1', {port}, application).serve_forever()"
    )

    with running([sys.executable, "-c", file + server], port, cwd=tmp_path, env=environment()) as site:
        assert_serves(site, gateway)


def test_the_procfile_starts_what_the_compose_file_starts() -> None:
    services = yaml.safe_load((BASE_DIR / "infra/docker-compose.yml").read_text())["services"]
    procfile = yaml.safe_load((BASE_DIR / "Procfile").read_text())

    assert {name: procfile[name] for name in OTHERS} == {name: services[name]["command"].strip() for name in OTHERS}
