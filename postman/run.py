#!/usr/bin/env python3
"""Runs the collection by newman against a fresh server in development mode, thrown away afterwards."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

POSTMAN = Path(__file__).resolve().parent
MANAGE = [sys.executable, str(POSTMAN.parent / "manage.py")]
NEWMAN = ["npx", "--yes", "newman@6.2.2", "run"]
START_SECONDS = 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def fresh_server() -> Iterator[str]:
    """Yield the base URL of a server with demo people, on SQLite, whose gateway keeps nobody waiting."""
    with tempfile.TemporaryDirectory(prefix="postman-") as folder, (Path(folder) / "server.log").open("w+") as log:
        environment = {
            **os.environ,
            "DEBUG": "True",
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "REDIS_URL": "",
            "SMS_URL": "console:",
            "CONFIRMATION_CODE_EXPOSED": "True",
            "CONSOLE_SMS_MIN_DELAY_SECONDS": "0",
            "CONSOLE_SMS_MAX_DELAY_SECONDS": "0",
        }
        for command in (["migrate", "--verbosity", "0"], ["demo", "--people", "30"]):
            subprocess.run([*MANAGE, *command], env=environment, stdout=log, check=True)  # noqa: S603
        address = f"127.0.0.1:{free_port()}"
        command = [*MANAGE, "runserver", "--noreload", address]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603
        try:
            wait_until_alive(f"http://{address}/health/live/", server)
            yield f"http://{address}"
        except TimeoutError:
            log.seek(0)
            sys.stderr.write(log.read())
            raise
        finally:
            server.terminate()
            server.wait()


def wait_until_alive(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(url, timeout=1).close()  # noqa: S310  the scheme is ours
        except (URLError, TimeoutError):
            if server.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError("the server did not start") from None
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    collection, environment = POSTMAN / "referral.postman_collection.json", POSTMAN / "local.postman_environment.json"
    with fresh_server() as base_url:
        newman = [*NEWMAN, str(collection), "--environment", str(environment), "--env-var", f"base_url={base_url}"]
        sys.exit(subprocess.run([*newman, *sys.argv[1:]], check=False).returncode)  # noqa: S603
