"""HTTP over a raw socket, for requests that HTTP clients refuse to send."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.message import Message
from http.client import HTTPResponse
from typing import Any

from django.apps import apps
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIServer
from django.test.testcases import LiveServerThread

from referral_project.wsgi import application

#: A slower response counts as a hanging connection.
TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    address: tuple[str, int]
    headers: dict[str, str | bytes] = field(default_factory=dict)
    #: The header for the operations that take service keys.
    service_key: str = ""
    #: Close the writing side after the request; otherwise the server waits for the rest of a truncated body.
    half_closes: bool = True

    def send(self, method: str, path: str | bytes, body: str | bytes = b"", **headers: str | bytes | None) -> Answer:
        """Send a request unchanged; a header that is None is omitted."""
        body = _bytes(body)
        lines = {
            "Host": "localhost",
            "Connection": "close",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **self.headers,
            **({"Authorization": self.service_key} if self.service_key and _is_for_services(path) else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = [b"%s %s HTTP/1.1" % (_bytes(method), _bytes(path))]
        head += [b"%s: %s" % (_bytes(name), _bytes(value)) for name, value in lines.items() if value is not None]
        with socket.create_connection(self.address, TIMEOUT_SECONDS) as connection:
            connection.sendall(b"\r\n".join([*head, b"", body]))
            if self.half_closes:
                with suppress(OSError):  # the server may have closed the connection
                    connection.shutdown(socket.SHUT_WR)
            response = HTTPResponse(connection, method=method)
            response.begin()
            return Answer(response.status, response.headers, response.read())

    def signed_in(self, authorization: str | bytes, *, service_key: str = "") -> "Server":
        return replace(self, headers={"Authorization": authorization}, service_key=service_key)


class OneThread(ThreadedWSGIServer):
    """Answers one request after the other, over one database connection: opening it takes longer than a request."""

    process_request = WSGIServer.process_request

    def _close_connections(self) -> None:
        pass


class ServerThread(LiveServerThread):
    server_class = OneThread


@contextmanager
def running_server() -> Iterator[Server]:
    """Serve the WSGI application from a thread."""
    thread = ServerThread("127.0.0.1", static_handler=lambda _handler: application)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    assert thread.error is None
    try:
        yield Server(("127.0.0.1", thread.port))
    finally:
        thread.terminate()


def assert_refused(answer: Answer, *statuses: int) -> None:
    """Assert a 4xx with a problem document (RFC 9457) of the same status."""
    assert answer.status in (statuses or range(400, 500)), answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "about:blank"
    assert problem["status"] == answer.status
    assert re.fullmatch("[a-z_]+", problem["code"])
    assert problem["title"]
    assert problem["detail"]


def all_rows() -> dict[str, list[Any]]:
    """Return every row of every table."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in apps.get_models()}


def _is_for_services(path: str | bytes) -> bool:
    doors = ("users", "statistics", "service", "introspect", "events", "webhooks")
    return _bytes(path).startswith(tuple(f"/api/{door}".encode() for door in doors))


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
