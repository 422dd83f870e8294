"""Redis is killed: codes are still sent, by the request itself, and each of them once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.support.factories import phone_number
from tests.support.fake_gateways import Gateway
from tests.support.servers import Server, durable_redis_server, free_port, postgres_server, wait_until
from tests.support.service import Service, service

pytestmark = pytest.mark.xdist_group("registration without redis")
OUTAGE_SECONDS = 5
TOKEN = "the-token-of-monitoring-for-tests"
SETTINGS = {
    "METRICS_TOKEN": TOKEN,
    "LIMIT_CODES_PER_ADDRESS": "",
    "LIMIT_CODES_PER_BLOCK": "",
    "SMS_TIMEOUT_SECONDS": "3",
}


@pytest.fixture(scope="module")
def running(gateway: Gateway, broker: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("registration")
    with ExitStack() as stack:
        database = stack.enter_context(postgres_server())
        urls = {"DATABASE_URL": database.url, "REDIS_URL": broker.url, "SMS_URL": gateway.sms_url}
        started = stack.enter_context(service(folder, **SETTINGS, **urls))
        started.migrate()
        started.start_web(workers=2)
        started.start_worker()
        started.start_beat()
        wait_until(lambda: started.has_said("ready."))
        yield started


def register(running: Service, phone: str) -> requests.Response:
    return running.post("/api/registration/", {"phone_number": phone})


def is_still_waited_for(running: Service) -> bool:
    metrics = running.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    return 'outcome="waiting"' in metrics


def test_no_registration_is_refused_in_an_outage_of_redis(running: Service, gateway: Gateway, broker: Server) -> None:
    asked = [phone_number()]
    answers = [register(running, asked[0])]

    def register_until(end: float) -> None:
        while time.monotonic() < end:
            asked.append(phone := phone_number())
            answers.append(register(running, phone))

    end = time.monotonic() + OUTAGE_SECONDS
    with ThreadPoolExecutor(3) as pool:
        clients = [pool.submit(register_until, end + 2) for _ in range(2)]
        broker.kill()
        pool.submit(register_until, end).result()
        broker.start()
        for client in clients:
            client.result()
    for phone in asked:
        gateway.message_to(phone)
    wait_until(lambda: not is_still_waited_for(running))

    assert {answer.status_code for answer in answers} == {202}
    assert sorted(phone for phone, _ in gateway.requests) == sorted(asked)


def test_a_gateway_that_fails_too_is_reported_and_leaves_no_code_or_limit(gateway: Gateway, tmp_path: Path) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    limits = {"LIMIT_CODES_PER_NUMBER": "1/hour", "LIMIT_CODES_PER_ADDRESS": "1/hour"}
    with service(tmp_path, REDIS_URL=nowhere, SMS_URL=gateway.sms_url, **limits) as running:
        running.migrate()
        running.start_web()
        phone = phone_number()
        gateway.failures_to_come = 2

        refused = [register(running, phone) for _ in range(2)]
        accepted = register(running, phone)

    assert [answer.status_code for answer in (*refused, accepted)] == [503, 503, 202]
    assert {answer.json()["code"] for answer in refused} == {"delivery_unavailable"}
    assert gateway.message_to(phone)


def test_a_slow_gateway_leaves_threads_for_others_and_no_code_is_lost(gateway: Gateway, tmp_path: Path) -> None:
    own = {
        "WEB_THREADS": "4",
        "SMS_TIMEOUT_SECONDS": "30",
        "LIMIT_CODES_PER_ADDRESS": "",
        "LIMIT_CODES_PER_BLOCK": "",
        "SMS_URL": gateway.sms_url,
    }
    with durable_redis_server() as broker, service(tmp_path, REDIS_URL=broker.url, **own) as running:
        running.migrate()
        running.start_web()
        asked = [phone_number() for _ in range(8)]

        broker.kill()
        gateway.answers.clear()
        with ThreadPoolExecutor(len(asked)) as pool:
            registrations = [pool.submit(register, running, phone) for phone in asked]
            wait_until(lambda: sum(each.done() for each in registrations) == len(asked) - 2)
            other = running.get("/api/referral-codes/CDFHJK/")
            gateway.failures_to_come = 1  # of the codes that were left to the background
            gateway.answers.set()
        broker.start()
        running.start_worker()
        running.start_beat()
        for phone in asked:
            gateway.message_to(phone)

    assert other.status_code == 404
    assert other.elapsed.total_seconds() < 3
    assert {each.result().status_code for each in registrations} == {202}
    assert sorted(phone for phone, _ in gateway.accepted if phone in asked) == sorted(asked)
