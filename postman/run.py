"""Run the collection with newman against a temporary server in development mode."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.servers import free_port, running, wait_until

POSTMAN = Path(__file__).resolve().parent
MANAGE = [sys.executable, str(POSTMAN.parent / "manage.py")]
NEWMAN = [str(POSTMAN / "node_modules/.bin/newman"), "run"]


@contextmanager
def fresh_server() -> Iterator[tuple[str, str]]:
    """Yield the base URL of a server on SQLite with demo people, and its service key."""
    with tempfile.TemporaryDirectory(prefix="postman-") as folder:
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
            done = subprocess.run(  # noqa: S603
                [*MANAGE, *command], env=environment, stdout=subprocess.PIPE, check=True, text=True
            )
        service_key = done.stdout.rpartition("Service key: ")[2].strip()
        address = f"127.0.0.1:{free_port()}"
        with running([*MANAGE, "runserver", "--noreload", address], env=environment) as server:
            wait_until(lambda: answers(f"http://{address}/health/live/"), server)
            yield f"http://{address}", service_key


def answers(url: str) -> bool:
    try:
        urlopen(url, timeout=1).close()  # noqa: S310  the scheme is ours
    except (URLError, TimeoutError):
        return False
    return True


if __name__ == "__main__":
    collection, environment = POSTMAN / "referral.postman_collection.json", POSTMAN / "local.postman_environment.json"
    with fresh_server() as (base_url, service_key):
        values = [f"base_url={base_url}", f"service_key={service_key}"]
        newman = [*NEWMAN, str(collection), "--environment", str(environment)]
        newman += [word for value in values for word in ("--env-var", value)]
        sys.exit(subprocess.run([*newman, *sys.argv[1:]], check=False).returncode)  # noqa: S603
