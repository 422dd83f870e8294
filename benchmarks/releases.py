"""Compare the CPU of this release and an older one: `python -m benchmarks.releases COMMIT [PAIRS]`.

Both run at the same time as deployed, each with its own PostgreSQL and Redis, the older one with the packages of this
one. They get the same few requests in turn, so that both meet the same disturbances of the machine. The result is the
median ratio of the pairs with its 95 % confidence interval.
"""

import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import requests
from tqdm import tqdm

from benchmarks.old_release import unpack
from benchmarks.stack import NO_LIMIT
from referral_project.settings import BASE_DIR
from tests.support.fake_gateways import Gateway
from tests.support.limits import every_limit
from tests.support.servers import Server, children_of, durable_redis_server, postgres_server
from tests.support.service import Service, service

REQUESTS = 20
PAIRS = 200


@dataclass
class Release:
    """One release with its servers; CPU is that of its web processes and its PostgreSQL."""

    running: Service
    database: Server
    web: int
    numbers: Iterator[int] = field(default_factory=count)

    def measure(self, request: Callable[[requests.Session], object]) -> float:
        """Return the CPU milliseconds of one of some requests."""
        with requests.Session() as session:
            before = self._cpu_nanoseconds()
            for _ in range(REQUESTS):
                request(session)
            return (self._cpu_nanoseconds() - before) / REQUESTS / 1e6

    def _cpu_nanoseconds(self) -> int:
        return sum(map(_run_time, [*children_of(self.web), *children_of(self.database.pid)]))

    def post(self, session: requests.Session, path: str, body: dict[str, str]) -> dict[str, Any]:
        answer = session.post(f"http://127.0.0.1:{self.running.port}/api/{path}/", json=body)
        answer.raise_for_status()
        return dict(answer.json())

    def register(self, session: requests.Session, number: str = "") -> dict[str, str]:
        number = number or f"+7999{next(self.numbers):07}"
        code = self.post(session, "registration", {"phone_number": number})["confirmation_code"]
        return {"phone_number": number, "confirmation_code": code}


@contextmanager
def release(folder: Path, code: Path) -> Iterator[Release]:
    folder.mkdir()
    with ExitStack() as started:
        database = started.enter_context(postgres_server())
        urls = {"DATABASE_URL": database.url, "REDIS_URL": started.enter_context(durable_redis_server()).url}
        urls["SMS_URL"] = started.enter_context(Gateway().running()).sms_url
        running = started.enter_context(service(folder, code=code, **every_limit(NO_LIMIT), **urls))
        running.migrate()
        yield Release(running, database, running.start_web(workers=2).pid)


def _run_time(pid: int) -> int:
    """Return the nanoseconds that all threads of a process ran; the figures of /proc/PID/stat are too coarse."""
    try:
        return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    except FileNotFoundError:  # it ended
        return 0


def kinds(of: Release) -> Iterator[tuple[str, float]]:
    """Yield the name and the CPU milliseconds of each kind of request; the people are new."""
    bodies: list[dict[str, str]] = []
    tokens: list[str] = []
    yield "registration", of.measure(lambda session: bodies.append(of.register(session)))
    waiting = iter(bodies)
    yield "first login", of.measure(lambda session: tokens.append(of.post(session, "login", next(waiting))["token"]))
    url = f"http://127.0.0.1:{of.running.port}/api/profile/"
    people = iter(tokens)
    yield (
        "profile",
        of.measure(
            lambda session: session.get(url, headers={"Authorization": f"Token {next(people)}"}).raise_for_status()
        ),
    )
    with requests.Session() as session:
        known = iter([of.register(session, body["phone_number"]) for body in bodies])
    yield "login", of.measure(lambda session: of.post(session, "login", next(known)))


def compare(old: Release, new: Release, pairs: int) -> dict[str, list[tuple[float, float]]]:
    """Return, for each kind of request, pairs of CPU milliseconds: of the older release and of the newer one."""
    found: dict[str, list[tuple[float, float]]] = {}
    for nth in tqdm(range(pairs), leave=False):
        in_turn = (old, new) if nth % 2 else (new, old)
        for (name, one), (_, other) in zip(*map(kinds, in_turn), strict=True):
            found.setdefault(name, []).append((one, other) if nth % 2 else (other, one))
    return found


def median_with_interval(values: list[float]) -> tuple[float, float, float]:
    """Return the median and its 95 % confidence interval, by the order of the values: it assumes no distribution."""
    ordered, reach = sorted(values), 0.98 * math.sqrt(len(values))
    first, last = (math.floor(len(values) / 2 - reach), math.ceil(len(values) / 2 + reach) - 1)
    return statistics.median(ordered), ordered[max(first, 0)], ordered[min(last, len(values) - 1)]


def main(commit: str, pairs: int) -> None:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="releases-")))
        code = unpack(commit, folder / "code")
        old = opened.enter_context(release(folder / "old", code))
        new = opened.enter_context(release(folder / "new", BASE_DIR))
        compare(old, new, 5)  # until each process has done everything once
        found = compare(old, new, pairs)
    print(f"CPU of web and database, {pairs} times {REQUESTS} requests of each kind\n")
    print(f"{'':15} {commit[:8]:>10} {'this one':>10}   ratio (95 % confidence interval)")
    for name, both in found.items():
        before, after = (statistics.median(figures) for figures in zip(*both, strict=True))
        ratio, low, high = median_with_interval([now / then for then, now in both])
        print(f"{name:15} {before:7.2f} ms {after:7.2f} ms   {ratio:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    _, older, *number = sys.argv
    main(older, int(number[0]) if number else PAIRS)
