"""Processes stopped or killed during a request or a message."""

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

pytestmark = pytest.mark.xdist_group("shutdown")


class HeldGateway(Gateway):
    """Accepts a message only after `release` is set; the sender waits until then."""

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
    """A folder with a migrated database."""
    folder = tmp_path_factory.mktemp("service")
    with service(folder) as running:
        running.migrate()
    return folder


@pytest.fixture
def registration() -> dict[str, str]:
    """The body of a request for a code for an unused number."""
    return {"phone_number": phone_number()}


def gateway_settings(gateway: Gateway) -> dict[str, str]:
    """Settings with a time-out longer than the test holds the gateway."""
    return {"SMS_URL": gateway.sms_url, "SMS_TIMEOUT_SECONDS": "30"}


@contextmanager
def nginx_in_front_of(port: int, folder: Path) -> Iterator[str]:
    """Yield the URL of nginx, configured as deployed, in front of `port`."""
    nginx = Nginx(folder, web_port=port)
    nginx.write()
    (folder / "static").symlink_to(BASE_DIR / "web/static")
    with nginx.running():
        yield f"http://127.0.0.1:{nginx.port}"


@contextmanager
def request_in_progress(
    gateway: Gateway, request: Callable[[], requests.Response]
) -> Iterator[Future[requests.Response]]:
    """Yield the future response to a request that has reached the gateway."""
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(request)
        gateway.wait_for_requests(1)
        yield answer


def test_killed_web_process_fails_one_request_and_is_replaced(
    folder: Path, gateway: HeldGateway, registration: dict[str, str]
) -> None:
    with (
        service(folder, **gateway_settings(gateway)) as running,
        nginx_in_front_of(running.port, folder / "nginx") as address,
    ):
        web = running.start_web()
        with request_in_progress(
            gateway, lambda: requests.post(f"{address}/api/registration/", json=registration)
        ) as answer:
            os.kill(children_of(web.pid)[0], signal.SIGKILL)
            told = answer.result()
        gateway.release.set()
        wait_until(lambda: requests.get(f"{address}/health/ready/").ok, web)
        again = requests.post(f"{address}/api/registration/", json=registration)

    assert (told.status_code, told.headers["Content-Type"]) == (502, "application/problem+json")
    assert told.json()["code"] == "unavailable"
    assert int(told.headers["Retry-After"]) > 0
    assert again.json()["code"] == "code_recently_sent"
    assert len(gateway.requests) == 1


def test_stopping_web_process_finishes_its_request(
    folder: Path, gateway: HeldGateway, registration: dict[str, str]
) -> None:
    with service(folder, **gateway_settings(gateway)) as running:
        web = running.start_web()
        with request_in_progress(gateway, lambda: running.post("/api/registration/", registration)) as answer:
            web.terminate()
            wait_until(lambda: running.has_said("Handling signal: term"), web)
            gateway.release.set()

        assert answer.result().status_code == 202
        assert web.wait() == 0


def test_stopping_web_process_answers_or_refuses_new_connections(folder: Path) -> None:
    with service(folder) as running, requests.Session() as idle:
        web = running.start_web()
        idle.get(f"http://127.0.0.1:{running.port}/health/live/")  # for this connection the process waits for seconds
        web.terminate()
        wait_until(lambda: running.has_said("Handling signal: term"), web)
        refusal = ""
        while not refusal:
            try:
                assert running.get("/health/live/").status_code == 200
            except requests.ConnectionError as failure:
                refusal = str(failure)

        assert "Connection refused" in refusal
        assert web.wait() == 0


def test_stopping_celery_worker_finishes_its_message(
    folder: Path, gateway: HeldGateway, registration: dict[str, str]
) -> None:
    with redis_server() as broker, service(folder, **gateway_settings(gateway), REDIS_URL=broker) as running:
        worker = running.start_worker()
        running.start_web()
        with request_in_progress(gateway, lambda: running.post("/api/registration/", registration)):
            worker.terminate()
            wait_until(lambda: running.has_said("Warm shutdown"), worker)
            gateway.release.set()

        assert worker.wait() == 0
        assert len(gateway.accepted) == 1
        assert redis.Redis.from_url(broker).hlen("unacked") == 0


def test_nginx_answers_while_the_application_is_unreachable(tmp_path: Path) -> None:
    with nginx_in_front_of(free_port(), tmp_path / "nginx") as address:
        program = requests.get(f"{address}/api/profile/")
        person = requests.get(f"{address}/", headers={"Accept-Language": "ru-RU,ru;q=0.9"})

    for answer in (program, person):
        assert answer.status_code == 502
        assert int(answer.headers["Retry-After"]) > 0
    assert program.json()["code"] == "unavailable"
    assert person.headers["Content-Type"] == "text/html; charset=utf-8"
    person.encoding = "utf-8"
    assert "недоступен" in person.text
