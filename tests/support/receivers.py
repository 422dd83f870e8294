"""A receiver of webhooks on a real socket, whose behaviour follows from the path of the address."""

import json
import signal
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import kill
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def is_signed_by(self, secret: str) -> bool:
        """Verify the signature by the official library; its clock must be that of the test."""
        try:
            Webhook(secret).verify(self.body, self.headers)
        except Exception:  # noqa: BLE001  whatever it raises for a signature that is wrong
            return False
        return True


class Receiver:
    """Answers by the path: `/ok`, `/500` or another status, `/drip`, `/huge`, `/garbage`, `/redirect`, `/hang`,
    `/closes`, `/busy` (`Retry-After`), `/echo`, `/gate`, `/late`."""

    def __init__(self) -> None:
        self.port = 0
        self.scheme = "http"
        self.received: list[Received] = []
        #: A process that is killed, before it can read it, by the answer to the next request.
        self.victim: int | None = None
        #: `/gate` answers once it is set, and `/late` does as `/echo` then.
        self.gate = threading.Event()
        #: The header of `/busy`.
        self.retry_after = "600"
        self._closed = threading.Event()

    def url(self, path: str = "/ok", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    @contextmanager
    def running(self, certificate: Path | None = None) -> Iterator["Receiver"]:
        receiver = self

        class Requests(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body, time.time()))
                with suppress(OSError):
                    receiver.answer(self)

            def log_message(self, *_args: object) -> None:
                """Log nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Requests) as server:
            server.daemon_threads = True
            self.port = server.server_port
            if certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate)
                server.socket = context.wrap_socket(server.socket, server_side=True)
                self.scheme = "https"
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            try:
                yield self
            finally:
                self._closed.set()
                self.gate.set()
                server.shutdown()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if self.victim:
            kill(self.victim, signal.SIGSTOP)
        getattr(self, f"_{request.path.strip('/')}", self._status)(request)
        if self.victim:
            kill(self.victim, signal.SIGKILL)
            self.victim = None

    def _status(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.path.strip("/")
        self._send(request, int(wanted) if wanted.isdecimal() else 200, b"thank you")

    def _busy(self, request: BaseHTTPRequestHandler) -> None:
        self._send(request, 503, b"", {"Retry-After": self.retry_after})

    def _echo(self, request: BaseHTTPRequestHandler) -> None:
        self._send(request, 200, self.received[-1].body)

    def _redirect(self, request: BaseHTTPRequestHandler) -> None:
        self._send(request, 302, b"", {"Location": self.url("/ok")})

    def _huge(self, request: BaseHTTPRequestHandler) -> None:
        self._send(request, 200, b"", {"Content-Length": str(10**9)})
        while not self._closed.is_set():
            request.wfile.write(b"x" * 65_536)

    def _drip(self, request: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" * 100:
            request.wfile.write(bytes([byte]))
            if self._closed.wait(0.5):
                return

    def _hang(self, request: BaseHTTPRequestHandler) -> None:
        self._closed.wait()

    def _gate(self, request: BaseHTTPRequestHandler) -> None:
        self.gate.wait()
        self._send(request, 204, b"")

    def _late(self, request: BaseHTTPRequestHandler) -> None:
        self.gate.wait()
        self._echo(request)

    def _garbage(self, request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"\x00\xff\x00 no HTTP at all \r\n\r\n")
        request.close_connection = True

    def _closes(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)
