"""A temporary local copy of the deployed stack (nginx, gunicorn, PostgreSQL) without limits."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common import es256
from infra.local_nginx import Nginx, wait_for_port
from infra.try_stack import commands, running, unpack_image
from tests.hostile_input.raw_http import Server
from tests.support.limits import every_limit
from tests.support.servers import free_port, postgres

WORKERS, THREADS = 2, 4


@dataclass(frozen=True)
class Stack:
    """Targets of requests: nginx, or gunicorn directly, since nginx refuses some requests."""

    nginx: Server
    gunicorn: Server
    log: Path

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.nginx.address)


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Yield the stack; Django in this process and its children uses its database."""
    with postgres() as database, tempfile.TemporaryDirectory(prefix="fuzz-") as temporary:
        folder = Path(temporary)
        image = unpack_image(folder / "image")
        environment = {
            "DEBUG": "False",
            "SECRET_KEY": secrets.token_hex(32),
            "JWT_SIGNING_KEYS": es256.generate(),
            "PUBLIC_URL": "http://referral.example",
            "DATABASE_URL": database,
            "REDIS_URL": "",
            "HTTPS": "False",
            "TRUSTED_PROXIES": "1",
            "SMS_URL": "console:",
            "SMS_COUNTRIES": "*",
            "CONSOLE_SMS_MIN_DELAY_SECONDS": "0",
            "CONSOLE_SMS_MAX_DELAY_SECONDS": "0",
            "CONFIRMATION_CODE_EXPOSED": "True",
            "WEB_CONCURRENCY": str(WORKERS),
            "WEB_THREADS": str(THREADS),
            "LOG_LEVEL": "ERROR",
            **every_limit(""),
        }
        os.environ |= environment
        for command in (["collectstatic", "--noinput"], ["migrate", "--noinput"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=image, check=True, capture_output=True)
        nginx = Nginx(folder / "nginx", web_port=free_port(), flower_port=free_port())
        nginx.write()
        (nginx.folder / "static").symlink_to(image / "staticfiles")
        with running(folder, "gunicorn", commands(nginx)["gunicorn"], cwd=image) as gunicorn, nginx.running():
            wait_for_port(nginx.web_port, gunicorn)
            # nginx treats a half-closed connection as closed.
            outside = Server(("127.0.0.1", nginx.port), half_closes=False)
            yield Stack(outside, Server(("127.0.0.1", nginx.web_port)), folder / "gunicorn.log")
