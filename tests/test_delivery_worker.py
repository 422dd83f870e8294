"""Getting the code to the phone through a real broker and real workers: late, again, never twice, never too late."""

import base64
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from django.utils import timezone

from tests.doubles import Gateway
from tests.factories import phone_number
from tests.servers import PATIENCE_SECONDS, free_port, postgres_server, redis_server, wait_until
from tests.service import Service, service

TOKEN = "the-token-of-monitoring-for-tests"
SETTINGS = {
    "SMS_TIMEOUT_SECONDS": "30",
    "SMS_RETRY_SECONDS": "0.2",
    # As short as can be: whatever is in a worker's hands for a second is handed out to another one, too.
    "BROKER_VISIBILITY_TIMEOUT_SECONDS": "1",
    "CONFIRMATION_CODE_RESEND_SECONDS": "0",
    "METRICS_TOKEN": TOKEN,
}


class Production:
    """The service with its broker and gateway, and what a test wants of it."""

    def __init__(self, service: Service, gateway: Gateway, broker_url: str) -> None:
        self.service = service
        self.gateway = gateway
        self.broker_url = broker_url
        self.broker = redis.Redis.from_url(broker_url)

    def register(self, phone: str) -> dict[str, Any]:
        answer = self.service.post("/api/registration/", {"phone_number": phone})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    @contextmanager
    def worker(self, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a worker, with these settings besides, and kill it in the end."""
        self.service.settings |= {**SETTINGS, **settings}
        process = self.service.start_worker()
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @property
    def has_nothing_left_to_do(self) -> bool:
        return not (self.broker.llen("celery") or self.broker.hlen("unacked"))

    def messages(self, outcome: str) -> int:
        """How many codes met this end within the hour, as monitoring is told."""
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
    assert here.gateway.requests == []  # nobody waited for the gateway

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
    # What it has in hand is its own for as long as the gateway may take.
    with here.worker(SMS_TIMEOUT_SECONDS="1") as worker:
        code = here.register(phone)["confirmation_code"]
        here.gateway.wait_for_requests(1)
        worker.kill()
    here.gateway.hangs = False

    with here.worker():
        assert here.gateway.message_to(phone) == text_with(code)
        wait_until(lambda: here.has_nothing_left_to_do)

    assert here.gateway.accepted == [(phone, text_with(code))]


def test_a_message_that_a_killed_worker_took_and_did_not_note_is_sent_from_its_copy(here: Production) -> None:
    phone = phone_number()
    code = here.register(phone)["confirmation_code"]
    here.broker.rpop("celery")  # Kombu takes it so, and notes it in a second step

    with here.worker():
        assert here.gateway.message_to(phone) == text_with(code)
        wait_until(lambda: here.has_nothing_left_to_do)

    assert here.gateway.accepted == [(phone, text_with(code))]


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


def test_monitors_and_logs_show_no_code_and_the_broker_no_number(here: Production) -> None:
    phone = phone_number()
    here.gateway.failures_to_come = 1
    code = here.register(phone)["confirmation_code"]
    waiting, _copy = here.broker.lrange("celery", 0, -1)
    seen: list[dict[str, Any]] = []

    with here.worker(), watched(here.broker_url, seen):
        assert here.gateway.message_to(phone) == text_with(code)
        wait_until(lambda: any(event["type"] == "task-succeeded" for event in seen))

    body = json.loads(base64.b64decode(json.loads(waiting)["body"]))
    assert sorted(body[1]) == ["delivery_id", "text"]  # the text must be somewhere; a code is stored as a digest only
    assert {event["kwargs"] for event in seen if event["type"] == "task-received"} == {"(hidden)"}
    assert any(event["type"] == "task-retried" for event in seen)
    for place in (str(seen), here.service.log.read_text()):
        assert "Your code" not in place
        assert phone not in place


@contextmanager
def watched(broker_url: str, seen: list[dict[str, Any]]) -> Iterator[None]:
    """Note what a monitor such as Flower is told meanwhile."""
    app = Celery(broker=broker_url)
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": seen.append})
        listening = threading.Thread(target=receiver.capture, kwargs={"limit": None, "timeout": PATIENCE_SECONDS})
        listening.start()
        yield
        receiver.should_stop = True
        listening.join()


def test_a_broker_that_is_gone_is_told_and_leaves_no_code_behind(tmp_path: Path) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    with service(tmp_path, REDIS_URL=nobody, SMS_URL="console:") as running:
        running.migrate()
        running.start_web()

        ready = running.get("/health/ready/")
        first = running.post("/api/registration/", {"phone_number": "+79991234567"})
        second = running.post("/api/registration/", {"phone_number": "+79991234567"})

    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["checks"] == {"database": "ok", "cache": "ConnectionError", "broker": "OperationalError"}
    assert first.status_code == 503
    assert first.json()["code"] == "delivery_unavailable"
    assert second.status_code == 503  # not 429: no cooldown was started
