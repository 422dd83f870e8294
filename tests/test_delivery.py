"""Getting the code to the phone: through a real gateway, a real broker and a real worker."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pytest_django import Settings
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR
from tests.doubles import Gateway
from tests.factories import ask_for_code, phone_number
from tests.servers import free_port, redis_server, wait_until
from users.models import ConfirmationCode

WAIT_SECONDS = 30


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().running() as running:
        yield running


def code_in(message: str) -> str:
    return re.findall(r"\d{4}", message)[0]


@pytest.mark.django_db
class TestWithoutABroker:
    def test_the_request_delivers_the_code(self, client: APIClient, settings: Settings, gateway: Gateway) -> None:
        settings.SMS_URL = gateway.sms_url
        phone = phone_number()

        code = ask_for_code(client, phone)

        assert gateway.message_to(phone) == f"Your code is {code}. Tell it to nobody."

    def test_a_gateway_that_fails_is_told_and_leaves_no_code_behind(
        self, client: APIClient, settings: Settings, gateway: Gateway
    ) -> None:
        settings.SMS_URL = gateway.sms_url
        gateway.failures_to_come = 1
        phone = phone_number()

        refused = client.post("/api/registration/", {"phone_number": phone})

        assert refused.status_code == 503
        assert refused.json()["code"] == "delivery_unavailable"
        assert int(refused["Retry-After"]) > 0
        assert ConfirmationCode.objects.count() == 0
        ask_for_code(client, phone)

    @pytest.mark.parametrize("url", ["nonsense://x", "json://127.0.0.1:1/?:phone={phone}"])
    def test_a_gateway_that_is_not_there_is_told(self, client: APIClient, settings: Settings, url: str) -> None:
        settings.SMS_URL = url

        assert client.post("/api/registration/", {"phone_number": phone_number()}).status_code == 503

    def test_the_simulated_gateway_takes_its_time(self, client: APIClient, settings: Settings) -> None:
        settings.CONSOLE_SMS_MIN_DELAY_SECONDS = settings.CONSOLE_SMS_MAX_DELAY_SECONDS = 0.2

        start = time.monotonic()
        ask_for_code(client, phone_number())

        assert time.monotonic() - start >= 0.2


class Service:
    """The service as it runs in production, on this machine: web processes, a broker, a worker, a gateway."""

    def __init__(self, gateway: Gateway, broker_url: str, folder: Path) -> None:
        self.gateway = gateway
        self.log = folder / "log"
        self._environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder}/service.sqlite3",
            "REDIS_URL": broker_url,
            "SMS_URL": gateway.sms_url,
            "CONFIRMATION_CODE_EXPOSED": "False",
        }
        self._bind = f"127.0.0.1:{free_port()}"
        self._address = f"http://{self._bind}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._start("manage.py", "migrate", "--verbosity", "0").wait()

    def start_web(self) -> None:
        serve = ["--bind", self._bind, "--workers", "2", "--threads", "2", "--no-control-socket"]
        wait_until(self._answers, self._start("-m", "gunicorn", *serve, "referral_project.wsgi"))

    def start_worker(self) -> None:
        self._start("-m", "celery", "-A", "referral_project", "worker", "--pool", "solo", "--loglevel", "INFO")

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self._address}{path}", timeout=WAIT_SECONDS)

    def post(self, path: str, body: dict[str, str]) -> requests.Response:
        return requests.post(f"{self._address}{path}", json=body, timeout=WAIT_SECONDS)

    def _answers(self) -> bool:
        try:
            return self.get("/health/live/").ok
        except requests.ConnectionError:
            return False

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], env=self._environment, cwd=BASE_DIR, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process


@pytest.fixture
def service(gateway: Gateway, tmp_path: Path) -> Iterator[Service]:
    with redis_server() as url:
        running = Service(gateway, url, tmp_path)
        yield running
        running.stop()


class TestWithABroker:
    def test_one_process_accepts_another_delivers_and_any_signs_in(self, service: Service) -> None:
        service.start_web()
        phones = [phone_number() for _ in range(6)]

        # Accepted before any worker runs: nobody waits for the gateway, and nothing is lost meanwhile.
        answers = [service.post("/api/registration/", {"phone_number": phone}) for phone in phones]
        assert [answer.status_code for answer in answers] == [202] * len(phones)
        assert service.gateway.is_idle
        service.gateway.failures_to_come = 1  # the worker tries again
        service.start_worker()

        for phone in phones:
            code = code_in(service.gateway.message_to(phone))
            login = service.post("/api/login/", {"phone_number": phone, "confirmation_code": code})
            assert login.status_code == 200
            assert login.json()["profile"]["phone_number"] == phone
        log = service.log.read_text()
        assert "send_message" in log
        assert "Your code" not in log

    def test_a_broker_that_is_gone_is_told_and_leaves_no_code_behind(self, gateway: Gateway, tmp_path: Path) -> None:
        service = Service(gateway, f"redis://127.0.0.1:{free_port()}/0", tmp_path)
        try:
            service.start_web()

            ready = service.get("/health/ready/")
            first = service.post("/api/registration/", {"phone_number": "+79991234567"})
            second = service.post("/api/registration/", {"phone_number": "+79991234567"})
        finally:
            service.stop()

        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["checks"] == {"database": "ok", "cache": "ConnectionError", "broker": "OperationalError"}
        assert first.status_code == 503
        assert first.json()["code"] == "delivery_unavailable"
        assert second.status_code == 503  # not 429: no cooldown was started
