"""Sending messages through a real broker and real workers: retries, no duplicates, no send after expiry."""

import base64
import json
import re
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from django.utils import timezone

from tests.support.factories import phone_number
from tests.support.fake_gateways import Gateway
from tests.support.servers import PATIENCE_SECONDS, free_port, postgres_server, redis_server, wait_until
from tests.support.service import Service, service

pytestmark = pytest.mark.xdist_group("delivery worker")
TOKEN = "the-token-of-monitoring-for-tests"
SETTINGS = {
    "SMS_TIMEOUT_SECONDS": "30",
    "SMS_RETRY_SECONDS": "0.2",
    # As short as possible: a task that runs for more than a second is delivered to another worker, too.
    "BROKER_VISIBILITY_TIMEOUT_SECONDS": "1",
    "CONFIRMATION_CODE_RESEND_SECONDS": "0",
    # Long enough to occur in no text by chance.
    "CONFIRMATION_CODE_LENGTH": "10",
    "LIMIT_CODES_PER_ADDRESS": "",
    "LIMIT_CODES_PER_BLOCK": "",
    "METRICS_TOKEN": TOKEN,
}


class Production:
    """The service with its broker and gateway."""

    def __init__(self, service: Service, gateway: Gateway, broker_url: str) -> None:
        self.service = service
        self.gateway = gateway
        self.broker_url = broker_url
        self.broker = redis.Redis.from_url(broker_url, socket_timeout=None)  # MONITOR waits for commands

    def register(self, phone: str, **options: Any) -> dict[str, Any]:
        answer = self.service.post("/api/registration/", {"phone_number": phone}, **options)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    @contextmanager
    def worker(self, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a worker with additional settings; kill it afterwards."""
        self.service.settings |= {**SETTINGS, **settings}
        process = self.service.start_worker()
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def beat(self) -> Iterator[None]:
        """Run the scheduler."""
        process = self.service.start_beat()
        try:
            yield
        finally:
            process.kill()
            process.wait()

    @property
    def has_nothing_left_to_do(self) -> bool:
        return not (self.messages("waiting") or self.broker.llen("celery") or self.broker.hlen("unacked"))

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Query the SQLite database of the service."""
        with closing(sqlite3.connect(self.service.sqlite_file)) as database, database:
            return database.execute(statement, values).fetchall()

    def sealed_texts(self, phone: str) -> list[str]:
        """Return the stored texts of all messages to a number, oldest first."""
        rows = self.sql("SELECT sealed_text FROM users_delivery WHERE phone_number = ? ORDER BY id", phone)
        return [text for (text,) in rows]

    def messages(self, outcome: str) -> int:
        """Return the number of messages with this outcome in the last hour, from the metrics."""
        told = self.service.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
        pattern = rf'sms_messages{{channel="\w*",outcome="{outcome}",window="1h"}} (\d+)'
        return sum(int(count) for count in re.findall(pattern, told))


@contextmanager
def production(folder: Path, **settings: str) -> Iterator[Production]:
    with ExitStack() as stack:
        gateway = stack.enter_context(Gateway().running())
        url = stack.enter_context(redis_server())
        where = {"REDIS_URL": url, "SMS_URL": gateway.sms_url}
        running = stack.enter_context(service(folder, **SETTINGS, **where, **settings))
        running.migrate()
        running.start_web()
        yield Production(running, gateway, url)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production(tmp_path_factory.mktemp("production")) as running:
        yield running


@pytest.fixture
def here(lasting: Production) -> Production:
    lasting.broker.flushall()
    lasting.gateway.requests.clear()
    lasting.gateway.accepted.clear()
    return lasting


def text_with(code: str) -> str:
    return f"Your code is {code}. Tell it to nobody."


def test_what_was_accepted_before_any_worker_runs_is_delivered_once_each(here: Production) -> None:
    phones = [phone_number() for _ in range(5)]
    codes = {phone: here.register(phone)["confirmation_code"] for phone in phones}
    assert here.gateway.requests == []  # no request waits for the gateway

    with here.worker():
        for phone in phones:
            assert here.gateway.message_to(phone) == text_with(codes[phone])
        wait_until(lambda: here.has_nothing_left_to_do)

    assert len(here.gateway.requests) == len(phones)
    login = {"phone_number": phones[0], "confirmation_code": codes[phones[0]]}
    assert here.service.post("/api/login/", login).status_code == 200


def test_a_message_is_tried_again_until_the_gateway_takes_it(here: Production) -> None:
    here.gateway.failures_to_come = 3
    phone = phone_number()

    with here.worker():
        code = here.register(phone)["confirmation_code"]
        assert here.gateway.message_to(phone) == text_with(code)
        wait_until(lambda: here.has_nothing_left_to_do)

    assert here.gateway.requests == [(phone, text_with(code))] * 4
    assert len(here.gateway.accepted) == 1


def test_a_code_that_was_replaced_or_used_meanwhile_is_not_sent(here: Production) -> None:
    asks_twice, signs_in = phone_number(), phone_number()
    replaced_before = here.messages("replaced")
    here.register(asks_twice)
    second = here.register(asks_twice)["confirmation_code"]
    login = {"phone_number": signs_in, "confirmation_code": here.register(signs_in)["confirmation_code"]}
    assert here.service.post("/api/login/", login).status_code == 200

    with here.worker():
        wait_until(lambda: here.has_nothing_left_to_do)

    assert here.gateway.requests == [(asks_twice, text_with(second))]
    assert here.messages("replaced") == replaced_before + 2


def test_what_a_killed_worker_had_in_hand_is_sent_by_another_and_once(here: Production) -> None:
    phone = phone_number()
    here.gateway.hangs = True
    # A claim lasts as long as the gateway may take.
    with here.worker(SMS_TIMEOUT_SECONDS="1") as worker:
        code = here.register(phone)["confirmation_code"]
        here.gateway.wait_for_requests(1)
        worker.kill()
    here.gateway.hangs = False

    with here.worker():
        assert here.gateway.message_to(phone) == text_with(code)
        wait_until(lambda: here.has_nothing_left_to_do)

    assert here.gateway.accepted == [(phone, text_with(code))]


def test_what_was_lost_on_its_way_to_a_worker_is_found_by_the_scheduler(here: Production) -> None:
    phones = _, told_a_killed_worker = phone_number(), phone_number()
    codes = [here.register(phone)["confirmation_code"] for phone in phones]
    assert here.broker.delete("celery")  # as if a worker had taken all tasks, and died before it recorded that
    here.sql(
        "UPDATE users_delivery SET queued_at = datetime(created_at, '-6 seconds') WHERE phone_number = ?",
        told_a_killed_worker,
    )

    with here.worker(), here.beat():
        for phone, code in zip(phones, codes, strict=True):
            assert here.gateway.message_to(phone) == text_with(code)
        wait_until(lambda: here.has_nothing_left_to_do)

    assert len(here.gateway.requests) == len(phones)


def test_what_a_killed_worker_had_claimed_before_the_clock_was_set_back_by_an_hour_is_sent(here: Production) -> None:
    phone = phone_number()
    code = here.register(phone)["confirmation_code"]
    assert here.broker.delete("celery")
    here.sql(
        "UPDATE users_delivery SET queued_at = datetime(created_at, '+1 hour'),"
        " claimed_until = datetime(created_at, '+1 hour', '+62 seconds') WHERE phone_number = ?",
        phone,
    )

    with here.worker(), here.beat():
        assert here.gateway.message_to(phone) == text_with(code)


def test_many_codes_at_once_wake_the_workers_once_and_are_sent_once_each(here: Production) -> None:
    phones = [phone_number() for _ in range(50)]
    start = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        codes = dict(
            zip(phones, pool.map(lambda phone: here.register(phone)["confirmation_code"], phones), strict=True)
        )
    seconds = time.monotonic() - start

    told = here.broker.llen("celery")
    with here.worker(), here.worker(), here.beat():
        for phone in phones:
            assert here.gateway.message_to(phone) == text_with(codes[phone])
        wait_until(lambda: here.has_nothing_left_to_do)

    assert 1 <= told <= 1 + seconds  # without a worker, once a second
    assert sorted(here.gateway.requests) == sorted((phone, text_with(codes[phone])) for phone in phones)


def test_a_message_that_is_handed_out_twice_is_sent_once(here: Production) -> None:
    phone = phone_number()
    here.gateway.answers.clear()

    with here.worker(), here.worker():
        here.register(phone)
        here.gateway.wait_for_requests(1)
        log = here.service.log.read_text()
        wait_until(lambda: "retry: Retry in" in here.service.log.read_text()[len(log) :])
        here.gateway.answers.set()
        here.gateway.message_to(phone)
        wait_until(lambda: here.has_nothing_left_to_do)

    assert len(here.gateway.requests) == 1


def test_a_database_that_is_gone_right_after_a_message_was_sent_makes_no_second_one(tmp_path: Path) -> None:
    with postgres_server() as database, production(tmp_path, DATABASE_URL=database.url) as here:
        with here.worker():
            here.gateway.answers.clear()
            here.register(phone_number())
            here.gateway.wait_for_requests(1)
            database.kill()
            here.gateway.answers.set()
            wait_until(lambda: here.gateway.accepted and "retry: Retry in" in here.service.log.read_text())
            database.start()
            wait_until(lambda: here.has_nothing_left_to_do)

        assert here.messages("delivered") == 1
        assert len(here.gateway.requests) == 1


def test_the_gateway_is_never_asked_after_the_life_of_the_code(tmp_path: Path) -> None:
    with production(tmp_path, CONFIRMATION_CODE_LIFETIME_SECONDS="3") as here:
        here.gateway.failures_to_come = 1_000
        too_late, in_time = phone_number(), phone_number()
        expired_at = datetime.fromisoformat(here.register(too_late)["expires_at"])
        wait_until(lambda: timezone.now() > expired_at)

        with here.worker():
            wait_until(lambda: "ready." in here.service.log.read_text())
            expires_at = datetime.fromisoformat(here.register(in_time)["expires_at"])
            wait_until(lambda: here.messages("failed") == 2 and here.has_nothing_left_to_do)

        assert {phone for phone, _ in here.gateway.requests} == {in_time}
        on_its_way = timedelta(seconds=2)
        assert max(here.gateway.times) < expires_at + on_its_way


def test_neither_broker_nor_monitors_nor_logs_ever_have_a_code_or_a_number(here: Production) -> None:
    phone = phone_number()
    here.gateway.failures_to_come = 1
    seen: list[dict[str, Any]] = []

    with everything_told_to(here.broker) as told, here.worker(), watched(here.broker_url, seen):
        code = here.register(phone)["confirmation_code"]
        assert here.gateway.message_to(phone) == text_with(code)
        wait_until(lambda: any(event["type"] == "task-succeeded" and "send" in event["name"] for event in named(seen)))

    bodies = [base64.b64decode(body).decode() for body in re.findall(r'"body\\*": \\*"([\w+/=]+)', str(told))]
    assert any("delivery_id" in body for body in bodies)
    assert any(event["type"] == "task-retried" for event in seen)
    for place in (str(told), str(bodies), str(seen), here.service.log.read_text()):
        assert "Your code" not in place
        assert code not in place
        assert phone not in place


def test_each_message_is_logged_under_the_request_that_asked_for_it(here: Production) -> None:
    requests = [f"request-{phone_number().strip('+')}" for _ in range(3)]
    for request in requests:
        here.register(phone_number(), headers={"X-Request-ID": request})

    with here.worker():
        wait_until(lambda: here.has_nothing_left_to_do)
        wait_until(lambda: all(request in logged_under(here, "send_message") for request in requests))


def logged_under(here: Production, task: str) -> list[str]:
    """Return the request ids under which a task is logged as succeeded."""
    lines = [json.loads(line) for line in here.service.log.read_text().splitlines() if line.startswith("{")]
    return [line["request_id"] for line in lines if task in line["message"] and "succeeded" in line["message"]]


@contextmanager
def everything_told_to(broker: "redis.Redis") -> Iterator[list[str]]:
    """Record every command that Redis receives in this block."""
    told: list[str] = []
    with broker.monitor() as monitor:

        def listen() -> None:
            for command in monitor.listen():
                told.append(command["command"])
                if "that is all" in command["command"]:
                    return

        listening = threading.Thread(target=listen)
        listening.start()
        yield told
        broker.echo("that is all")
        listening.join()


def named(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Add the task's name, which only its first event has, to all its events."""
    names = {event["uuid"]: event["name"] for event in events if event["type"] == "task-received"}
    yield from ({**event, "name": names.get(event["uuid"], "")} for event in [*events] if "uuid" in event)


def test_a_text_is_kept_sealed_until_it_was_sent_or_is_not_wanted_any_more(here: Production) -> None:
    sent, asks_twice, erased = phone_number(), phone_number(), phone_number()
    codes = [here.register(phone)["confirmation_code"] for phone in (sent, asks_twice, asks_twice, erased)]
    kept = [text for phone in (sent, asks_twice, erased) for text in here.sealed_texts(phone)]
    assert len(kept) == len(set(kept)) == 4
    assert not [code for code in codes if code in str(kept)]

    login = {"phone_number": erased, "confirmation_code": codes[-1]}
    token = here.service.post("/api/login/", login).json()["token"]
    gone = here.service.request("DELETE", "/api/profile/", headers={"Authorization": f"Token {token}"})
    assert gone.status_code == 204
    assert sum(text != "" for (text,) in here.sql("SELECT sealed_text FROM users_delivery")) == 3
    with here.worker():
        wait_until(lambda: here.has_nothing_left_to_do)

    assert {phone for phone, _ in here.gateway.requests} == {sent, asks_twice}
    assert {text for (text,) in here.sql("SELECT sealed_text FROM users_delivery")} == {""}


@contextmanager
def watched(broker_url: str, seen: list[dict[str, Any]]) -> Iterator[None]:
    """Record the events that a monitor such as Flower receives in this block."""
    app = Celery(broker=broker_url, set_as_current=False)
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": seen.append})
        listening = threading.Thread(target=receiver.capture, kwargs={"limit": None, "timeout": PATIENCE_SECONDS})
        listening.start()
        yield
        receiver.should_stop = True
        listening.join()


def test_a_broker_that_is_gone_is_told_and_the_request_sends_the_code(tmp_path: Path) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    with (
        Gateway().running() as gateway,
        service(tmp_path, REDIS_URL=nobody, SMS_URL=gateway.sms_url) as running,
    ):
        running.migrate()
        running.start_web()

        ready = running.get("/health/ready/")
        accepted = running.post("/api/registration/", {"phone_number": "+79991234567"})

        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["checks"] == {"database": "ok", "cache": "ConnectionError", "broker": "OperationalError"}
        assert accepted.status_code == 202
        assert gateway.accepted == [("+79991234567", text_with(accepted.json()["confirmation_code"]))]
        with closing(sqlite3.connect(running.sqlite_file)) as database:
            assert database.execute("SELECT sealed_text, state FROM users_delivery").fetchall() == [("", "delivered")]
