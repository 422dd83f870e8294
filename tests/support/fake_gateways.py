"""What stands in for the world outside: an SMS gateway, and an application that tells what reached it."""

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
        """Stay silent."""


class Gateway:
    """A JSON webhook that keeps what it is told to send; it can be told to fail first, to hang, or what to answer."""

    def __init__(self) -> None:
        self.sms_url = ""
        self.failures_to_come = 0
        self.hangs = False
        #: Status and body of every answer, in place of a success.
        self.answer: tuple[int, str] | None = None
        #: While this is cleared, whoever asks has to wait for the answer.
        self.answers = threading.Event()
        self.answers.set()
        #: Everything that it took or refused, in order: receiver and text, and when.
        self.requests: list[tuple[str, str]] = []
        self.times: list[datetime] = []
        self.accepted: list[tuple[str, str]] = []
        self._messages: dict[str, str] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing that nobody has read yet."""
        return not self._messages

    def message_to(self, phone_number: str) -> str:
        """Wait for a message. Raises `TimeoutError`."""
        self._wait_for(lambda: phone_number in self._messages, f"no message to {phone_number}")
        return self._messages.pop(phone_number)

    def wait_for_requests(self, count: int) -> None:
        """Wait until it was asked so often. Raises `TimeoutError`."""
        self._wait_for(lambda: len(self.requests) >= count, f"no {count} requests")

    def _wait_for(self, holds: Callable[[], bool], otherwise: str) -> None:
        with self._changed:
            if not self._changed.wait_for(holds, PATIENCE_SECONDS):
                raise TimeoutError(otherwise)

    def read(self, body: bytes) -> tuple[str, str]:
        """Take the receiver and the text out of a request."""
        message = json.loads(body)
        return message["phone"], message["message"]

    def respond(self, body: bytes) -> tuple[int, str]:
        """Say yes, as status and body."""
        return 200, ""

    def address(self, port: int) -> str:
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
        status, told = self.answer or self.respond(body)
        if self.answer is None and "error" not in told:
            with self._changed:
                self.accepted.append(message)
                self._messages[phone] = text
                self._changed.notify_all()
        return status, told

    @contextmanager
    def running(self) -> Iterator[Self]:
        gateway = self

        class Requests(_Handler):
            def do_POST(self) -> None:
                status, told = gateway.handle(self.rfile.read(int(self.headers["Content-Length"])))
                with suppress(ConnectionError):  # whoever asked may have been killed
                    self.answer(told.encode(), status=status)

        with _serving(Requests) as port:
            self.sms_url = self.address(port)
            try:
                yield self
            finally:
                self._closed.set()
                self.answers.set()


class SMSC(Gateway):
    """SMSC.ru's `/sys/send.php`, as its documentation says: status 200 for everything, an error is in the JSON."""

    LOGIN, PASSWORD = "shop", "s3cret-of-the-gateway"

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []

    def address(self, port: int) -> str:
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
    """Yield the port of a server that answers with the headers of the request."""

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
