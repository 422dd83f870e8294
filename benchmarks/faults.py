"""Kill every process in turn while users sign in and enter codes: `python -m benchmarks.faults [USERS]`.

nginx, gunicorn, a Celery worker, the scheduler, PostgreSQL, Redis and an SMS gateway run as deployed. Each client
requests a code, signs in and enters the code of an earlier user, and repeats requests after a response that tells it
to. A gunicorn worker, PostgreSQL, Redis and the Celery worker are each killed twice with SIGKILL; servers restart
after OUTAGE_SECONDS. Twice the disk of PostgreSQL is full until it refused a write, and for FULL_SECONDS more. Exits
with 1 if an acknowledged success is not in the database, if a row is duplicated, or if a client got anything but a
success or a problem document that allows a retry.
"""

import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import requests

from benchmarks.small_disk import Disk, small_disk
from infra.local_nginx import Nginx
from tests.support.fake_gateways import Gateway
from tests.support.servers import Server, children_of, durable_redis_server, postgres_server, wait_until
from tests.support.service import Service, service

USERS = 240
CONCURRENCY = 16
OUTAGE_SECONDS = 1
FULL_SECONDS = 5
GATEWAY_SECONDS = 0.2
ANSWER_SECONDS = 60
MAX_WAIT_SECONDS = 0.5
GIVE_UP_SECONDS = 180
SETTINGS = {
    "ALLOWED_HOSTS": "127.0.0.1",
    "CONFIRMATION_CODE_EXPOSED": "False",
    "CONFIRMATION_CODE_RESEND_SECONDS": "2",
    # These clients retry far sooner than real ones.
    "LIMIT_CODES_PER_NUMBER_AND_ADDRESS": "",
    "LIMIT_CODES_PER_NUMBER": "",
    "LIMIT_CODES_PER_BLOCK": "",
    # Tasks of a killed Celery worker are redelivered after this time.
    "BROKER_VISIBILITY_TIMEOUT_SECONDS": "3",
    # A message claimed by a killed worker may be sent again after this time.
    "SMS_TIMEOUT_SECONDS": "1",
    "TRUSTED_PROXIES": "1",
    "LOG_LEVEL": "WARNING",
}


def _say(what: str) -> None:
    print(f"{time.monotonic() - _started:5.1f} s  {what}", flush=True)


class Violation(Exception):
    """A broken guarantee."""


class SlowGateway(Gateway):
    """Responds slowly, so that the worker always has messages in progress."""

    def handle(self, body: bytes) -> tuple[int, str]:
        time.sleep(GATEWAY_SECONDS)
        return super().handle(body)


@dataclass
class Record:
    """Responses that the clients received."""

    answers: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    codes_accepted: list[str] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    activated: dict[str, str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def note(self, answer: requests.Response) -> None:
        code = answer.json().get("code", "")
        outcome = f"{answer.status_code} {code}".strip()
        self.answers[outcome] += 1
        self.slowest[outcome] = max(self.slowest.get(outcome, 0), answer.elapsed.total_seconds())


@dataclass
class Client:
    """A client that retries after a refusal and records every acknowledged success."""

    phone_number: str
    client_ip: str
    url: str
    gateway: Gateway
    record: Record
    deadline: float = 0

    def run(self, inviter_code: str | None) -> str:
        """Sign in, enter the inviter's code and return the invite code of this user. Raises `Violation`."""
        self.deadline = time.monotonic() + GIVE_UP_SECONDS
        while (session := self._sign_in()) is None:
            pass
        self.record.sessions[self.phone_number] = session["token"]
        if inviter_code:
            mine = {"Authorization": f"Token {session['token']}"}
            profile = self._request("PATCH", "profile/", {"used_referral_code": inviter_code}, headers=mine)
            if profile.get("used_referral_code") != inviter_code:
                raise Violation(f"{self.phone_number} entered {inviter_code} and got {profile}")
            self.record.activated[self.phone_number] = inviter_code
        return str(session["profile"]["referral_code"])

    def _sign_in(self) -> dict[str, Any] | None:
        """Return the session, or None if the code was used by a request and its response was lost."""
        self._request("POST", "registration/", {"phone_number": self.phone_number})
        self.record.codes_accepted.append(self.phone_number)
        while True:
            try:
                message = self.gateway.message_to(self.phone_number)
            except TimeoutError:
                raise Violation(f"the code for {self.phone_number} was accepted but never delivered") from None
            code = re.findall(r"\b\d{4}\b", message)[0]
            answer = self._request("POST", "login/", {"phone_number": self.phone_number, "confirmation_code": code})
            if "token" in answer:
                return answer
            if answer["code"] == "confirmation_code_expired":
                return None
            # This code belongs to a request; its response was lost; the next one is on its way.

    def _request(self, method: str, path: str, body: dict[str, str], **options: Any) -> dict[str, Any]:
        while time.monotonic() < self.deadline:
            answer = self._send(method, path, body, **options)
            problem = answer.json()
            if answer.ok or problem["code"] in ("confirmation_code_expired", "confirmation_code_wrong"):
                return problem
            if answer.status_code not in (429, 502, 503, 504) or "Retry-After" not in answer.headers:
                raise Violation(f"{method} {path}: {answer.status_code} {answer.text}")
            time.sleep(min(MAX_WAIT_SECONDS, int(answer.headers["Retry-After"])) * random.random())
        raise Violation(f"{method} {path}: no success in {GIVE_UP_SECONDS} s")

    def _send(self, method: str, path: str, body: dict[str, str], headers: dict[str, str] | None = None) -> Any:
        own = {"X-Forwarded-For": self.client_ip, **(headers or {})}
        try:
            answer = requests.request(method, f"{self.url}/api/{path}", json=body, headers=own, timeout=ANSWER_SECONDS)
        except requests.RequestException as broken:
            raise Violation(f"{method} {path}: no answer: {broken!r}") from None
        expected = "application/json" if answer.ok else "application/problem+json"
        if answer.headers["Content-Type"] != expected:
            raise Violation(f"{method} {path}: {answer.status_code} {answer.headers['Content-Type']}: {answer.text}")
        self.record.note(answer)
        return answer


class Stack:
    """The service behind nginx, and functions that kill its parts."""

    def __init__(self, running: Service, nginx: Nginx, database: Server, broker: Server, disk: Disk | None) -> None:
        self.is_stopping = False
        self._disk = disk
        self.service, self.nginx, self.database, self.broker = running, nginx, database, broker
        self.web = running.start_web(workers=2)
        self.worker = running.start_worker()
        running.start_beat()
        threading.Thread(target=self._restart_the_worker, daemon=True).start()

    @property
    def faults(self) -> dict[str, Callable[[], None]]:
        faults: dict[str, Callable[[], None]] = {
            "kill -9 a gunicorn worker": self._kill_a_web_process,
            "kill -9 PostgreSQL": lambda: self._kill_and_restart(self.database),
            "kill -9 Redis": lambda: self._kill_and_restart(self.broker),
            "kill -9 the Celery worker": self._kill_the_worker,
        }
        if disk := self._disk:
            faults["the disk of PostgreSQL is full"] = lambda: self._fill(disk)
        return faults

    def _kill_a_web_process(self) -> None:
        """Kill a worker; gunicorn starts another."""
        os.kill(random.choice(children_of(self.web.pid)), signal.SIGKILL)

    def _restart_the_worker(self) -> None:
        """Restart the worker whenever it ends, as Docker does."""
        while True:
            self.worker.wait()
            if self.is_stopping:
                return
            _say("the Celery worker ended and is restarted")
            self.worker = self.service.start_worker()

    def _fill(self, disk: Disk) -> None:
        """PostgreSQL ends when it can't write its log ahead; start it again when there is space, as Docker does."""
        before = self._refused_writes()
        with disk.full():
            wait_until(lambda: self._refused_writes() > before or self.database.has_ended)
            time.sleep(FULL_SECONDS)
        _say(f"PostgreSQL found no space {self._refused_writes() - before} times")
        if self.database.has_ended:
            _say("PostgreSQL ended and is restarted")
            self.database.start()

    def _refused_writes(self) -> int:
        return self.database.log_text().count("No space left on device")

    def _kill_the_worker(self) -> None:
        self.worker.kill()

    @staticmethod
    def _kill_and_restart(server: Server) -> None:
        server.kill()
        time.sleep(OUTAGE_SECONDS)
        server.start()


@contextmanager
def stack() -> Iterator[tuple[Stack, Gateway]]:
    with ExitStack() as started:
        folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        disk = started.enter_context(small_disk())
        on_disk: dict[str, Any] = {"disk": disk.folder, "min_wal_size": "2MB", "max_wal_size": "8MB"} if disk else {}
        database = started.enter_context(postgres_server(folder / "postgresql.log", **on_disk))
        broker = started.enter_context(durable_redis_server())
        gateway = started.enter_context(SlowGateway().running())
        urls = {"DATABASE_URL": database.url, "REDIS_URL": broker.url, "SMS_URL": gateway.sms_url}
        running = started.enter_context(service(folder, **SETTINGS, **urls))
        running.migrate()
        # Every client has its own IP in X-Forwarded-For, which nginx trusts.
        nginx = Nginx(folder / "nginx", web_port=running.port, trusted_proxy="127.0.0.1/32")
        nginx.write()
        running_stack = Stack(running, nginx, database, broker, disk)
        started.enter_context(nginx.running())
        yield running_stack, gateway
        running_stack.is_stopping = True


def load(running_stack: Stack, gateway: Gateway, people: int) -> Record:
    """Run all clients while the parts are killed one after another."""
    record = Record()
    url = f"http://127.0.0.1:{running_stack.nginx.port}"
    codes: list[str] = []
    finished = threading.Semaphore(0)

    def run(number: int) -> None:
        client = Client(f"+7999{number:07}", f"10.0.{number // 250}.{number % 250 + 1}", url, gateway, record)
        try:
            codes.append(client.run(random.choice(codes) if codes else None))
        except Exception as failure:  # noqa: BLE001  any exception is a violation
            record.violations.append(f"{client.phone_number}: {failure!r}")
        finally:
            finished.release()

    faults = [*running_stack.faults.items()] * 2
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for number in range(people):
            pool.submit(run, number)
        for fault, happen in faults:
            for _ in range(people // (len(faults) + 1)):
                finished.acquire()
            _say(f"{len(codes):3} users signed in; {fault}")
            happen()
    return record


def check(running_stack: Stack, record: Record, people: int) -> list[str]:
    """Return the differences between the database and the responses."""
    violations = [*record.violations]

    def expect(holds: object, complaint: str) -> None:
        if not holds:
            violations.append(complaint)

    def rows(query: str) -> list[tuple[Any, ...]]:
        cursor.execute(query)
        return cursor.fetchall()

    with psycopg2.connect(running_stack.database.url) as connection, connection.cursor() as cursor:
        saved = Counter(phone for (phone,) in rows("SELECT phone_number FROM users_user"))
        expect(set(record.sessions) <= set(saved), "a user who signed in is missing in the database")
        expect(
            set(saved.values()) == {1} and len(saved) == people,
            f"{len(saved)} users instead of {people}, or duplicates",
        )
        referrals = rows(
            "SELECT phone_number, r.referral_code FROM users_referral r JOIN users_user u ON u.id = r.invited_id"
        )
        expect(dict(referrals) == record.activated, "the referrals differ from the responses")
        expect(
            len(referrals) == len(record.activated), f"{len(referrals)} referrals, {len(record.activated)} acknowledged"
        )
        miscounted = rows(
            "SELECT phone_number FROM users_user u"
            " WHERE referrals_count <> (SELECT count(*) FROM users_referral WHERE inviter_id = u.id)"
        )
        expect(not miscounted, f"wrong referrals_count: {miscounted}")
        codes = [code for (code,) in rows("SELECT referral_code FROM users_user")]
        expect(len(codes) == len(set(codes)), "an invite code was given twice")
    for phone, token in record.sessions.items():
        answer = running_stack.service.get(
            "/api/profile/", headers={"Authorization": f"Token {token}", "X-Forwarded-For": "::1"}
        )
        profile = answer.json()
        expect(answer.ok and profile["phone_number"] == phone, f"the token of {phone} is refused: {answer.text}")
        expect(profile.get("used_referral_code") == record.activated.get(phone), f"{phone} entered another code")
    return violations


def report(record: Record, gateway: Gateway, people: int) -> None:
    print(f"\n{'count':>7} {'slowest':>9}  response")
    for outcome, times in sorted(record.answers.items()):
        print(f"{times:7} {record.slowest[outcome]:7.2f} s  {outcome}")
    print(f"\n{len(record.sessions)} of {people} users signed in, {len(record.activated)} activated a code")
    print(f"{len(record.codes_accepted)} codes were accepted, {len(gateway.accepted)} messages reached the gateway")


def main(people: int) -> int:
    with stack() as (running_stack, gateway):
        _say(f"the stack is up; {people} users, {CONCURRENCY} at a time")
        record = load(running_stack, gateway, people)
        _say("all clients finished")
        violations = check(running_stack, record, people)
        report(record, gateway, people)
        if violations and "-v" in sys.argv:
            print(running_stack.service.log.read_text())
    for violation in violations:
        print(f"VIOLATION  {violation}")
    print("no violations" if not violations else f"{len(violations)} violations")
    return 1 if violations else 0


_started = time.monotonic()

if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()]
    sys.exit(main(numbers[0] if numbers else USERS))
