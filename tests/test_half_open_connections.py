"""Thousands of unfinished requests of one client, and nginx still answers the others."""

import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from requests.adapters import HTTPAdapter

from infra.local_nginx import Nginx
from tests.support.servers import wait_until

pytestmark = pytest.mark.xdist_group("half-open connections")
#: Two workers of nginx with 2,048 connections each were full with these.
HALF_OPEN = 4_300
AT_ONCE = 100
HOSTILE, HONEST = "127.0.0.1", "127.0.0.2"
ANSWER_SECONDS = 3


class Web(BaseHTTPRequestHandler):
    """Stands for gunicorn."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        running = Nginx(tmp_path_factory.mktemp("nginx"), web_port=web.server_port)
        running.write()
        with running.running():
            yield running
        web.shutdown()


@pytest.fixture(autouse=True)
def enough_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 3 * HALF_OPEN)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class FromAddress(HTTPAdapter):
    """Connects from one address of this machine."""

    def init_poolmanager(self, *args: object, **options: object) -> None:  # type: ignore[override]
        super().init_poolmanager(*args, **options, source_address=(HONEST, 0))  # type: ignore[arg-type]


def statuses_of_another_client(nginx: Nginx) -> list[int]:
    """Return the answers to requests from another address, each over a new connection."""
    found = []
    for _ in range(20):
        with requests.Session() as client:
            client.mount("http://", FromAddress())
            found.append(client.get(f"http://127.0.0.1:{nginx.port}/api/profile/", timeout=ANSWER_SECONDS).status_code)
    return found


@contextmanager
def unfinished(nginx: Nginx, count: int, request: bytes) -> Iterator[list[socket.socket]]:
    """Hold connections of one address that sent only the beginning of a request."""
    with ExitStack() as held:
        clients = []
        for _ in range(count):
            client = held.enter_context(socket.create_connection((HOSTILE, nginx.port), timeout=ANSWER_SECONDS))
            client.sendall(request)
            clients.append(client)
        yield clients


@pytest.mark.parametrize("sent", [b"", b"GET /api/profile/ HTTP/1.1\r\nHost: x\r\nX-Slow:"], ids=["nothing", "headers"])
def test_half_open_connections_refuse_no_other_client(nginx: Nginx, sent: bytes) -> None:
    with unfinished(nginx, HALF_OPEN, sent):
        assert statuses_of_another_client(nginx) == [200] * 20


def refusal_of_one_more(nginx: Nginx) -> tuple[int, str] | None:
    """Return Retry-After and code of a refused request; None if it was answered."""
    answer = requests.get(f"http://{HOSTILE}:{nginx.port}/api/profile/", timeout=ANSWER_SECONDS)
    return None if answer.ok else (int(answer.headers["Retry-After"]), answer.json()["code"])


def test_requests_of_one_address_at_a_time_are_limited(nginx: Nginx) -> None:
    slow = b"POST /api/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"

    def answers_meanwhile() -> tuple[tuple[int, str], list[int]] | None:
        with unfinished(nginx, AT_ONCE, slow):
            refusal = refusal_of_one_more(nginx)
            return (refusal, statuses_of_another_client(nginx)) if refusal else None

    # Repeated until nginx has read the headers of the last one before one more comes.
    refusal, others = wait_until(answers_meanwhile)

    assert refusal == (1, "too_many_connections")
    assert others == [200] * 20


def test_a_request_whose_headers_do_not_end_is_closed_soon(nginx: Nginx) -> None:
    with unfinished(nginx, 1, b"GET / HTTP/1.1\r\nHost: x\r\n") as (client,):
        client.settimeout(8)

        with pytest.raises(ConnectionResetError):
            client.recv(1_000)
