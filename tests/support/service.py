"""Runs the service in separate processes, as in production: gunicorn, a Celery worker and its scheduler."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from common import es256
from referral_project.settings import BASE_DIR
from tests.support.manage import clean_environment
from tests.support.servers import PATIENCE_SECONDS, children_of, free_port, wait_until

SETTINGS = {
    "DEBUG": "False",
    "HTTPS": "False",
    "SECRET_KEY": "k" * 50,
    "JWT_SIGNING_KEYS": es256.generate(),
    "PUBLIC_URL": "http://referral.example",
    "CONFIRMATION_CODE_EXPOSED": "True",
    "CONSOLE_SMS_MIN_DELAY_SECONDS": "0",
    "CONSOLE_SMS_MAX_DELAY_SECONDS": "0",
}


#: The folder of what all processes of a run of pytest share: see tests/conftest.py.
SHARED_FOLDER = "FOLDER_OF_THE_TEST_RUN"


def migrated_sqlite() -> Path:
    """Return a database without people, which the first process that asks makes: migrating takes seconds."""
    made = Path(os.environ[SHARED_FOLDER], "migrated.sqlite3")
    with Path(os.environ[SHARED_FOLDER], "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            environment = clean_environment() | SETTINGS | {"DATABASE_URL": f"sqlite:///{made}.new"}
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, env=environment, cwd=BASE_DIR, check=True)
            made.with_name(f"{made.name}.new").rename(made)
    return made


class Service:
    """The processes of the service with production settings, except that answers contain confirmation codes."""

    def __init__(self, folder: Path, *, code: Path = BASE_DIR, **settings: str) -> None:
        self._code = code
        self._folder, self.log = folder, folder / "service.log"
        self.port = free_port()
        self.sqlite_file = folder / "service.sqlite3"
        own = {"DATABASE_URL": f"sqlite:///{self.sqlite_file}"}
        self.settings = {**clean_environment(), **SETTINGS, **own, **settings}
        self._processes: list[subprocess.Popen[bytes]] = []

    def migrate(self) -> None:
        """Migrate the database; a new SQLite begins as a copy of one that this run migrated before."""
        kind, _, file = self.settings["DATABASE_URL"].partition(":///")
        if kind == "sqlite" and self._code == BASE_DIR and not Path(file).exists():
            shutil.copy(migrated_sqlite(), file)
            if self.settings["SECRET_KEY"] == SETTINGS["SECRET_KEY"]:  # `migrate` stores a digest of it
                return
        self._start("manage.py", "migrate", "--verbosity", "0").wait()

    def start_web(self, workers: int = 1, *options: str) -> "subprocess.Popen[bytes]":
        """Start gunicorn with the deployment's configuration and additional options; wait until it answers."""
        serve = ["-c", "infra/gunicorn.conf.py", "--bind", f"127.0.0.1:{self.port}", "--workers", str(workers)]
        web = self._start("-m", "gunicorn", *serve, *options, "referral_project.wsgi")
        wait_until(lambda: self._is_alive() and len(children_of(web.pid)) == workers, web)
        return web

    def start_development_server(self) -> "subprocess.Popen[bytes]":
        """Start the server of `make run`; wait until it answers."""
        web = self._start("manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}")
        wait_until(self._is_alive, web)
        return web

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Start a Celery worker as in the deployment, without waiting for it."""
        pool = ["--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle"]
        return self._start("-m", "celery", "-A", "referral_project", "worker", *pool, "--loglevel", "INFO")

    def start_beat(self) -> "subprocess.Popen[bytes]":
        """Start the scheduler as in the deployment."""
        schedule = ["--schedule", str(self._folder / "beat"), "--pidfile="]
        return self._start("-m", "celery", "-A", "referral_project", "beat", *schedule, "--loglevel", "INFO")

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE_SECONDS, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: dict[str, str], **options: Any) -> requests.Response:
        return self.request("POST", path, json=body, **options)

    def has_said(self, text: str) -> bool:
        return text in self.log.read_text()

    def _is_alive(self) -> bool:
        try:
            return self.get("/health/live/").ok
        except requests.ConnectionError:
            return False

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], env=self.settings, cwd=self._code, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process


@contextmanager
def service(folder: Path, *, code: Path = BASE_DIR, **settings: str) -> Iterator[Service]:
    """Yield a service, of another release if `code` is its folder; stop its processes afterwards."""
    running = Service(folder, code=code, **settings)
    try:
        yield running
    finally:
        running.stop()
