"""Compare the CPU of this release and an older one: `python -m benchmarks.releases COMMIT [ROUNDS]`.

Both run at the same time as deployed, each with its own PostgreSQL and Redis, the older one with the packages of this
one. They get the same requests in turn, some hundred at a time; the result is the median ratio of the rounds.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import requests

from benchmarks.old_release import unpack
from benchmarks.stack import NO_LIMIT, cpu_seconds
from referral_project.settings import BASE_DIR
from tests.support.fake_gateways import Gateway
from tests.support.limits import every_limit
from tests.support.servers import Server, durable_redis_server, postgres_server
from tests.support.service import Service, service

REQUESTS = 300
CLIENTS = 4


@dataclass
class Release:
    """One release with its servers; CPU is that of its web processes and its PostgreSQL."""

    running: Service
    database: Server
    web: int
    numbers: Iterator[int] = field(default_factory=count)

    def measure(self, request: Callable[[requests.Session], object]) -> float:
        """Return the CPU seconds of some hundred requests."""
        before = self._cpu_seconds()
        with ThreadPoolExecutor(CLIENTS) as pool:
            for client in [pool.submit(self._send, request) for _ in range(CLIENTS)]:
                client.result()
        return self._cpu_seconds() - before

    def _send(self, request: Callable[[requests.Session], object]) -> None:
        with requests.Session() as session:
            for _ in range(REQUESTS // CLIENTS):
                request(session)

    def _cpu_seconds(self) -> float:
        return cpu_seconds(self.web) + cpu_seconds(self.database.pid)

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


def rounds(of: Release) -> dict[str, float]:
    """Return the CPU seconds of one round of each kind of request; the people of a round are new."""
    bodies: list[dict[str, str]] = []
    tokens: list[str] = []
    figures = {"registration": of.measure(lambda session: bodies.append(of.register(session)))}
    waiting = iter(list(bodies))
    figures["first login"] = of.measure(
        lambda session: tokens.append(of.post(session, "login", next(waiting))["token"])
    )
    url = f"http://127.0.0.1:{of.running.port}/api/profile/"
    people = iter(list(tokens))
    figures["profile"] = of.measure(
        lambda session: session.get(url, headers={"Authorization": f"Token {next(people)}"}).raise_for_status()
    )
    with requests.Session() as session:
        known = iter([of.register(session, body["phone_number"]) for body in bodies])
    figures["login"] = of.measure(lambda session: of.post(session, "login", next(known)))
    return figures


def main(commit: str, times: int) -> None:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="releases-")))
        code = unpack(commit, folder / "code")
        old = opened.enter_context(release(folder / "old", code))
        new = opened.enter_context(release(folder / "new", BASE_DIR))
        rounds(old), rounds(new)  # until each process has done everything once
        measured = []
        for nth in range(times):
            first, second = (old, new) if nth % 2 else (new, old)
            figures = {id(first): rounds(first)}
            figures[id(second)] = rounds(second)
            measured.append((figures[id(old)], figures[id(new)]))
    print(f"CPU of web and database, {REQUESTS} requests at a time, {times} rounds\n")
    print(f"{'':15} {commit[:8]:>10} {'this one':>10}   ratio (quartiles)")
    for name in measured[0][0]:
        before, after = ([each[which][name] * 1000 / REQUESTS for each in measured] for which in (0, 1))
        ratios = [now / then for then, now in zip(before, after, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        ms = f"{statistics.median(before):7.2f} ms {statistics.median(after):7.2f} ms"
        print(f"{name:15} {ms}   {middle:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    _, older, *number = sys.argv
    main(older, int(number[0]) if number else 12)
