"""Processes that are stopped or killed in the middle of a request or a message."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
import requests

from infra.local_nginx import Nginx
from referral_project.settings import BASE_DIR
from tests.support.factories import phone_number
from tests.support.fake_gateways import Gateway
from tests.support.servers import PATIENCE_SECONDS, children_of, free_port, redis_server, wait_until
from tests.support.service import service

pytestmark = [pytest.mark.any_database, pytest.mark.xdist_group("shutdown")]


class HeldGateway(Gateway):
    """Says yes to a message only when it is told to: until then the sender is in the middle of it."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def respond(self, body: bytes) -> tuple[int, str]:
        self.release.wait(PATIENCE_SECONDS)
        return super().respond(body)


@pytest.fixture
def gateway() -> Iterator[HeldGateway]:
    with HeldGateway().running() as held:
        yield held
        held.release.set()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a database with all tables is."""
    folder = tmp_path_factory.mktemp("service")
    with service(folder) as running:
        running.migrate()
    return folder


@pytest.fixture
def asks() -> dict[str, str]:
    """The body of a request for a code, for a number of its own."""
    return {"phone_number": phone_number()}


def sent_by(gateway: Gateway) -> dict[str, str]:
    """Settings by which the gateway is given all the time that a test holds it up."""
    return {"SMS_URL": gateway.sms_url, "SMS_TIMEOUT_SECONDS": "30"}


@contextmanager
def nginx_before(port: int, folder: Path) -> Iterator[str]:
    """Yield the address of the deployment's nginx in front of `port`."""
    nginx = Nginx(folder, web_port=port)
    nginx.write()
    (folder / "static").symlink_to(BASE_DIR / "web/static")
    with nginx.running():
        yield f"http://127.0.0.1:{nginx.port}"


@contextmanager
def in_the_middle(gateway: Gateway, ask: Callable[[], requests.Response]) -> Iterator[Future[requests.Response]]:
    """Yield the answer to come of a request that has got as far as the gateway."""
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask)
        gateway.wait_for_requests(1)
        yield answer


def test_a_web_process_killed_in_the_middle_is_told_once_and_replaced(
    folder: Path, gateway: HeldGateway, asks: dict[str, str]
) -> None:
    with service(folder, **sent_by(gateway)) as running, nginx_before(running.port, folder / "nginx") as address:
        web = running.start_web()
        with in_the_middle(gateway, lambda: requests.post(f"{address}/api/registration/", json=asks)) as answer:
            os.kill(children_of(web.pid)[0], signal.SIGKILL)
            told = answer.result()
        gateway.release.set()
        wait_until(lambda: requests.get(f"{address}/health/ready/").ok, web)
        again = requests.post(f"{address}/api/registration/", json=asks)

    assert (told.status_code, told.headers["Content-Type"]) == (502, "application/problem+json")
    assert told.json()["code"] == "unavailable"
    assert int(told.headers["Retry-After"]) > 0
    assert again.json()["code"] == "code_recently_sent"
    assert len(gateway.requests) == 1


def test_a_service_told_to_stop_answers_what_it_has_begun(
    folder: Path, gateway: HeldGateway, asks: dict[str, str]
) -> None:
    with service(folder, **sent_by(gateway)) as running:
        web = running.start_web()
        with in_the_middle(gateway, lambda: running.post("/api/registration/", asks)) as answer:
            web.terminate()
            wait_until(lambda: running.has_said("Handling signal: term"), web)
            gateway.release.set()

        assert answer.result().status_code == 202
        assert web.wait() == 0


def test_a_celery_worker_told_to_stop_finishes_the_message_in_hand(
    folder: Path, gateway: HeldGateway, asks: dict[str, str]
) -> None:
    with redis_server() as broker, service(folder, **sent_by(gateway), REDIS_URL=broker) as running:
        worker = running.start_worker()
        running.start_web()
        with in_the_middle(gateway, lambda: running.post("/api/registration/", asks)):
            worker.terminate()
            wait_until(lambda: running.has_said("Warm shutdown"), worker)
            gateway.release.set()

        assert worker.wait() == 0
        assert len(gateway.accepted) == 1
        assert redis.Redis.from_url(broker).hlen("unacked") == 0


def test_while_the_application_is_out_of_reach_programs_and_people_are_told(tmp_path: Path) -> None:
    with nginx_before(free_port(), tmp_path / "nginx") as address:
        program = requests.get(f"{address}/api/profile/")
        person = requests.get(f"{address}/", headers={"Accept-Language": "ru-RU,ru;q=0.9"})

    for answer in (program, person):
        assert answer.status_code == 502
        assert int(answer.headers["Retry-After"]) > 0
    assert program.json()["code"] == "unavailable"
    assert person.headers["Content-Type"] == "text/html; charset=utf-8"
    person.encoding = "utf-8"
    assert "недоступен" in person.text
