"""The service and the bare function on this machine, configured as in production, and the load on them."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import redis
import requests
from celery import Celery

from common import es256
from tests.support.fake_gateways import Gateway
from tests.support.limits import every_limit
from tests.support.servers import children_of, free_port, postgres, redis_server, running, wait_until

ROOT = Path(__file__).parent.parent
#: Limits that all requests from one IP stay below; requests are still counted.
NO_LIMIT = "1000000000/hour 1000000000/day"
CONNECTIONS = 8
#: shared_buffers as in docker-compose.yml; the others speed up filling.
DATABASE = {"shared_buffers": "256MB", "wal_level": "minimal", "max_wal_senders": 0, "max_wal_size": "20GB"}
#: Headers that nginx sets.
FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Host": "localhost"}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """Result of a load; CPU is milliseconds per request of the web processes and of PostgreSQL."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    web_cpu_ms: float
    database_cpu_ms: float
    hung_up: int

    @property
    def cpu_ms(self) -> float:
        return self.web_cpu_ms + self.database_cpu_ms


class LoadFailed(Exception):
    """A request failed, so the figures are invalid."""


@dataclass(frozen=True)
class Web:
    """A gunicorn, configured as deployed."""

    name: str
    port: int
    pid: int
    postmaster: int

    def request_once(self, line: str) -> requests.Response:
        """Send one request (see `load.lua`). Raises `LoadFailed` if it fails."""
        method, path, credentials, body = line.split("\t")
        headers = FORWARDED | ({"Authorization": credentials} if credentials else {})
        headers |= {"Content-Type": "application/json"} if body else {}
        url = f"http://127.0.0.1:{self.port}{path}"
        answer = requests.request(method, url, data=body.encode(), headers=headers, timeout=30, allow_redirects=False)
        if answer.status_code not in (200, 202):
            raise LoadFailed(f"{self.name}: {method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def load(self, lines: Iterable[str], *, seconds: float, once: bool) -> Load:
        """Send requests with `wrk` for some seconds, each at most once if `once`. Raises `LoadFailed`."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            web, database = self.cpu_seconds(), cpu_seconds(self.postmaster)
            threads = [f"--duration={max(1, round(seconds))}s", "--threads=1", f"--connections={CONNECTIONS}"]
            script = ["--script", ROOT / "benchmarks/load.lua", f"http://127.0.0.1:{self.port}"]
            arguments = ["--", file.name, "once" if once else "again"]
            wrk = subprocess.run(
                ["wrk", *threads, "--timeout=30s", *script, *arguments], capture_output=True, text=True, check=True
            )
            web, database = self.cpu_seconds() - web, cpu_seconds(self.postmaster) - database
        result = json.loads(wrk.stdout.splitlines()[-1])
        if result["failed"] or result["exhausted"] or not result["requests"]:
            raise LoadFailed(f"{self.name}: {result}")
        return Load(
            requests_per_second=result["requests"] / result["seconds"],
            p50_ms=result["p50_ms"],
            p99_ms=result["p99_ms"],
            web_cpu_ms=web * 1000 / result["requests"],
            database_cpu_ms=database * 1000 / result["requests"],
            hung_up=result["hung_up"],
        )

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def memory_mb(self) -> float:
        """Return the median proportional set size (PSS) of the workers in MiB."""
        return statistics.median(_pss_kb(worker) for worker in children_of(self.pid)) / 1024


@dataclass(frozen=True)
class Stack:
    folder: Path
    environment: dict[str, str]
    service: Web
    bare: Web
    worker: "subprocess.Popen[bytes]"
    gateway: Gateway
    database: Any

    @property
    def statistics_file(self) -> Path:
        """File with the statements of the statistics for the bare function."""
        return Path(self.environment["BARE_STATISTICS_SQL"])

    def execute(self, statement: str, values: Any = None) -> Any:
        with self.database.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else None

    def settle(self) -> None:
        """Wait until the database has finished the statements of the last load."""
        busy = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle'"
        while True:
            time.sleep(0.2)
            if self.execute(busy)[0][0] == 1:  # this connection
                return

    def empty_redis(self) -> None:
        """Empty Redis: the broker and the limit counters."""
        redis.Redis.from_url(self.environment["REDIS_URL"]).flushall()

    def wake_worker(self) -> None:
        """Make the worker look for waiting messages, as the scheduler does; its wake-up may have been discarded."""
        Celery(broker=self.environment["REDIS_URL"]).send_task("users.tasks.dispatch_lost")

    def pause_worker(self) -> None:
        self.worker.send_signal(signal.SIGSTOP)

    def resume_worker(self) -> None:
        self.worker.send_signal(signal.SIGCONT)


@contextmanager
def stack(*gunicorn_options: str) -> Iterator[Stack]:
    """Yield PostgreSQL, Redis, both gunicorns and a paused Celery worker."""
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk")
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        database_url, redis_url = opened.enter_context(postgres(**DATABASE)), opened.enter_context(redis_server())
        gateway = opened.enter_context(Gateway().running())
        environment = _production(folder, database_url, redis_url, gateway)
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], env=environment, cwd=ROOT, check=True)
        database = psycopg2.connect(database_url)
        opened.callback(database.close)
        database.autocommit = True
        postmaster = _parent_of(database.get_backend_pid())
        service, bare = (
            Web(
                name,
                port := free_port(),
                opened.enter_context(_gunicorn(application, port, environment, gunicorn_options)),
                postmaster,
            )
            for name, application in (("service", "referral_project.wsgi"), ("bare", "benchmarks.bare"))
        )
        worker = opened.enter_context(_worker(folder, environment))
        made = Stack(folder, environment, service, bare, worker, gateway, database)
        opened.callback(made.resume_worker)
        yield made


def _production(folder: Path, database_url: str, redis_url: str, gateway: Gateway) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DEBUG": "False",
        "TRUSTED_PROXIES": "1",
        "SECRET_KEY": "k" * 50,
        "JWT_SIGNING_KEYS": es256.generate(),
        "PUBLIC_URL": "https://referral.example",
        "SMS_URL": gateway.sms_url,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "BARE_STATISTICS_SQL": str(folder / "statistics.json"),
        **every_limit(NO_LIMIT),
        **{name: os.environ[name] for name in ("WEB_CONCURRENCY", "WEB_THREADS") if name in os.environ},
    }


@contextmanager
def _gunicorn(application: str, port: int, environment: dict[str, str], options: Iterable[str]) -> Iterator[int]:
    command = [sys.executable, "-m", "gunicorn", "-c", "infra/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    with running([*command, *options, f"{application}:application"], env=environment, cwd=ROOT) as gunicorn:
        wait_until(lambda: _listens(port), gunicorn)
        yield gunicorn.pid


@contextmanager
def _worker(folder: Path, environment: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    log = folder / "worker.log"
    # As in docker-compose.yml.
    pool = ["--pool", "threads", "--concurrency", "16", "--loglevel", "INFO"]
    with log.open("wb") as output:
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "referral_project", "worker", *pool]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=output)
    try:
        wait_until(lambda: b" ready." in log.read_bytes(), process)
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.terminate()
        process.send_signal(signal.SIGCONT)
        process.wait()


def _listens(port: int) -> bool:
    try:
        requests.get(f"http://127.0.0.1:{port}/health/live/", timeout=30)
    except requests.ConnectionError:
        return False
    return True


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process and its children, including ended ones."""
    ticks = sum(_ticks(child, children_too=False) for child in children_of(pid)) + _ticks(pid, children_too=True)
    return ticks / _TICKS


def _ticks(pid: int, *, children_too: bool) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return sum(int(field) for field in fields[11 : 15 if children_too else 13])


def _pss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
