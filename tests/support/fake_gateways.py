"""Fake external services: SMS gateways, and a server that echoes request headers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl

from tests.support.servers import PATIENCE_SECONDS


class _Handler(BaseHTTPRequestHandler):
    def answer(self, body: bytes = b"", *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


class Gateway:
    """A JSON webhook that records messages; it can fail a number of times, hang, or return a given answer."""

    def __init__(self) -> None:
        self.sms_url = ""
        self.failures_to_come = 0
        self.hangs = False
        #: Status and body of every answer; None for a success.
        self.answer: tuple[int, str] | None = None
        #: While cleared, requests wait for their answer.
        self.answers = threading.Event()
        self.answers.set()
        #: All requests in order, accepted or not: phone number and text; and their times (UTC).
        self.requests: list[tuple[str, str]] = []
        self.times: list[datetime] = []
        self.accepted: list[tuple[str, str]] = []
        self._messages: dict[str, str] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()

    @property
    def is_idle(self) -> bool:
        """True if every message has been read by `message_to`."""
        return not self._messages

    def message_to(self, phone_number: str) -> str:
        """Wait for a message and return its text. Raises `TimeoutError`."""
        self._wait_for(lambda: phone_number in self._messages, f"no message to {phone_number}")
        return self._messages.pop(phone_number)

    def wait_for_requests(self, count: int) -> None:
        """Wait for this number of requests. Raises `TimeoutError`."""
        self._wait_for(lambda: len(self.requests) >= count, f"no {count} requests")

    def _wait_for(self, holds: Callable[[], bool], otherwise: str) -> None:
        with self._changed:
            if not self._changed.wait_for(holds, PATIENCE_SECONDS):
                raise TimeoutError(otherwise)

    def read(self, body: bytes) -> tuple[str, str]:
        """Return the phone number and the text of a request."""
        message = json.loads(body)
        return message["phone"], message["message"]

    def respond(self, body: bytes) -> tuple[int, str]:
        """Return status and body of a success."""
        return 200, ""

    def url(self, port: int) -> str:
        return f"json://127.0.0.1:{port}/?:phone={{phone}}"

    def handle(self, body: bytes) -> tuple[int, str]:
        phone, text = message = self.read(body)
        with self._changed:
            self.requests.append(message)
            self.times.append(datetime.now(UTC))
            fails = self.failures_to_come > 0
            self.failures_to_come -= fails
            hangs = self.hangs
            self._changed.notify_all()
        if hangs:
            self._closed.wait()
        if fails or hangs:
            return 503, ""
        self.answers.wait()
        status, content = self.answer or self.respond(body)
        if self.answer is None and "error" not in content:
            with self._changed:
                self.accepted.append(message)
                self._messages[phone] = text
                self._changed.notify_all()
        return status, content

    @contextmanager
    def running(self) -> Iterator[Self]:
        gateway = self

        class Requests(_Handler):
            def do_POST(self) -> None:
                status, body = gateway.handle(self.rfile.read(int(self.headers["Content-Length"])))
                with suppress(ConnectionError):  # the client may have been killed
                    self.answer(body.encode(), status=status)

        with _serving(Requests) as port:
            self.sms_url = self.url(port)
            try:
                yield self
            finally:
                self._closed.set()
                self.answers.set()


class SMSC(Gateway):
    """SMSC.ru's `/sys/send.php` as documented: always status 200, errors in the JSON body."""

    LOGIN, PASSWORD = "shop", "s3cret-of-the-gateway"

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []

    def url(self, port: int) -> str:
        return f"smsc://{self.LOGIN}:{self.PASSWORD}@{{phone}}?server=http://127.0.0.1:{port}"

    def read(self, body: bytes) -> tuple[str, str]:
        form = self._form(body)
        self.forms.append(form)
        return form.get("phones", ""), form.get("mes", "")

    def respond(self, body: bytes) -> tuple[int, str]:
        form = self._form(body)
        if (form.get("login"), form.get("psw")) != (self.LOGIN, self.PASSWORD):
            return self.error(2, "authorise error")
        if not (form.get("phones") and form.get("mes")) or form.get("fmt") != "3":
            return self.error(1, "parameters error")
        return 200, json.dumps({"id": len(self.accepted) + 1, "cnt": 1})

    def error(self, number: int, description: str) -> tuple[int, str]:
        return 200, json.dumps({"error": description, "error_code": number})

    def _form(self, body: bytes) -> dict[str, str]:
        charset = dict(parse_qsl(body.decode())).get("charset", "windows-1251")
        return dict(parse_qsl(body.decode(), encoding=charset))


@contextmanager
def echo_server() -> Iterator[int]:
    """Yield the port of a server that returns the request headers as JSON."""

    class Echo(_Handler):
        def do_GET(self) -> None:
            self.answer(json.dumps(dict(self.headers)).encode())

    with _serving(Echo) as port:
        yield port


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_port
        server.shutdown()
