"""What stands in for the world outside: an SMS gateway, and an application that tells what reached it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DELIVERY_SECONDS = 20


class _Handler(BaseHTTPRequestHandler):
    def answer(self, body: bytes = b"", *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Stay silent."""


class Gateway:
    """A webhook that keeps what it is told to send; it can be told to fail first."""

    def __init__(self) -> None:
        self.sms_url = ""
        self.failures_to_come = 0
        self._messages: dict[str, str] = {}
        self._arrived = threading.Condition()

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing that nobody has read yet."""
        return not self._messages

    def message_to(self, phone_number: str) -> str:
        """Wait for a message. Raises `TimeoutError`."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: phone_number in self._messages, DELIVERY_SECONDS):
                raise TimeoutError(f"no message to {phone_number}")
            return self._messages.pop(phone_number)

    @contextmanager
    def running(self) -> Iterator["Gateway"]:
        gateway = self

        class Webhook(_Handler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with gateway._arrived:
                    fails = gateway.failures_to_come > 0
                    if fails:
                        gateway.failures_to_come -= 1
                    else:
                        gateway._messages[message["phone"]] = message["message"]
                        gateway._arrived.notify_all()
                self.answer(status=503 if fails else 200)

        with _serving(Webhook) as port:
            self.sms_url = f"json://127.0.0.1:{port}/?:phone={{phone}}"
            yield self


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
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
