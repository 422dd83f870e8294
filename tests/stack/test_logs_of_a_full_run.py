"""Logs contain no secrets: checks every byte that the whole stack writes in a full run.

LOG_LEVEL is DEBUG, the worst that an operator can set; codes have eight digits, so that none occurs by chance.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from infra.local_nginx import Nginx, wait_for_port
from infra.try_stack import ADMIN_PHONE, commands, production, running, unpack_image
from tests.support.fake_gateways import Gateway
from tests.support.full_run import GATEWAY_PASSWORD, Run
from tests.support.servers import PATIENCE_SECONDS, free_port, postgres, redis_server, wait_until

pytestmark = pytest.mark.xdist_group("full run")
# Celery prints it in a signal handler, without logging.
FAREWELL = "\nworker: Warm shutdown (MainProcess)\n"
PROGRAMS = ("gunicorn", "worker", "beat")


class Written:
    """The output of the programs so far."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_bytes().decode()

    def lines(self, program: str) -> list[dict[str, Any]]:
        """Return the output of a program, each line parsed as a JSON object."""
        return [json.loads(line) for line in self.of(program).replace(FAREWELL, "").splitlines()]

    def wait_for(self, *texts: str) -> None:
        for text in texts:
            wait_until(lambda text=text: text in self._all(), otherwise=f"not written: {text}")

    def _all(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self._folder.rglob("*.log"))

    def searchable(self) -> str:
        """Return all output as written, with JSON escapes decoded, and with URL encoding decoded."""
        written = self._all()
        read = re.sub(r"\\u([0-9a-f]{4})", lambda escape: chr(int(escape[1], 16)), written)
        return "\n".join((written, read, unquote(written), unquote(read)))


@contextmanager
def stack(folder: Path) -> Iterator[tuple[Run, Callable[[], None]]]:
    """Yield a client of the stack, and a function that stops gunicorn."""
    image = unpack_image(folder / "image")
    with ExitStack() as servers:
        database = servers.enter_context(postgres(folder / "postgres.log"))
        broker, gateway = servers.enter_context(redis_server()), servers.enter_context(Gateway().running())
        environment = {
            **production(database, broker, gateway),
            "HTTPS": "False",
            # The first gateway refuses connections, so the second one is used.
            "SMS_URL": f"json://me:{GATEWAY_PASSWORD}@127.0.0.1:{free_port()}/?:phone={{phone}} {gateway.sms_url}",
            "LOG_LEVEL": "DEBUG",
            "CONFIRMATION_CODE_LENGTH": "8",
            "WEB_CONCURRENCY": "2",
            "TMPDIR": str(folder),
            # The image doesn't run as root.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }
        manage(image, environment, "collectstatic --noinput --verbosity 0", "migrate --noinput --verbosity 0")
        manage(image, environment, f"createsuperuser --noinput --phone_number {ADMIN_PHONE}")
        nginx = Nginx(folder / "nginx", web_port=free_port())
        nginx.write()
        programs = commands(nginx)
        web, worker, beat = (
            servers.enter_context(running(folder, name, programs[name], cwd=image, env=environment))
            for name in PROGRAMS
        )
        servers.enter_context(nginx.running())
        wait_for_port(nginx.web_port, web)
        assert worker.poll() is beat.poll() is None
        yield Run(nginx, gateway, broker, database), lambda: (web.terminate(), web.wait(PATIENCE_SECONDS))[0]


def manage(image: Path, environment: dict[str, str], *commands: str) -> None:
    """Run commands of manage.py in parallel."""
    started = [
        subprocess.Popen([sys.executable, "manage.py", *command.split()], cwd=image, env=environment)
        for command in commands
    ]
    assert [process.wait() for process in started] == [0] * len(commands)


@pytest.fixture(scope="module")
def full_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Written]:
    folder = tmp_path_factory.mktemp("stack")
    written = Written(folder)
    with stack(folder) as (run, stop_gunicorn):
        run.run_all()
        written.wait_for("of_another_release", "duplicate key", "unheard_of")
        stop_gunicorn()
        run.request_without_application()
    return run, written


def test_no_code_token_password_or_full_number_is_written_anywhere(full_run: tuple[Run, Written]) -> None:
    run, written = full_run

    text = written.searchable()
    found = {secret: text[max(0, text.index(secret) - 200) :][:300] for secret in run.secrets if secret in text}

    assert not found
    assert len(run.secrets) > 100
    assert "+7916*****" in text


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_line_is_an_object_that_says_when_what_and_where(full_run: tuple[Run, Written], program: str) -> None:
    _, written = full_run

    lines = written.lines(program)

    assert lines
    for line in lines:
        assert line.keys() >= {"time", "level", "logger", "message", "request_id"}
        assert line["time"].endswith("+00:00")


def test_a_request_can_be_followed_from_nginx_to_the_worker(full_run: tuple[Run, Written]) -> None:
    run, written = full_run
    registration = run.request_ids["registration"]

    requests_seen = [line for line in written.lines("gunicorn") if line["request_id"] == registration]
    tasks = [line for line in written.lines("worker") if line["request_id"] == registration]

    assert registration in written.of("nginx/access")
    assert [(line["path"], line["status"]) for line in requests_seen if line["logger"] == "access"] == [
        ("/api/registration/", 202)
    ]
    assert any("send_message" in line["message"] and "succeeded" in line["message"] for line in tasks)


def test_what_went_wrong_is_told_all_the_same(full_run: tuple[Run, Written]) -> None:
    run, written = full_run
    web, worker = written.lines("gunicorn"), written.lines("worker")

    (defect,) = [line for line in web if line["request_id"] == run.request_ids["defect"] and "exception" in line]
    assert "Failing row contains" in defect["exception"]
    assert {line["logger"] for line in web} >= {"access", "django.request", "django.security.csrf", "gunicorn.error"}
    assert any("of_another_release" in line["message"] for line in worker)
    assert any("Retry in" in line["message"] for line in worker)
