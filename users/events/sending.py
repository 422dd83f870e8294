"""One request to a webhook: to the address that was checked, without redirects, within a time and a size.

The time counts for everything together, from the resolver to the last byte of the answer: a receiver that sends a byte
a second gets no more than one that is silent.
"""

import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException
from typing import IO, Any
from urllib.parse import urlsplit

from django.conf import settings

from users.events import addresses
from users.events.addresses import Target, WebhookUrlForbidden
from users.models import WebhookDelivery

Failure = WebhookDelivery.Failure
SECONDS = 5.0
MOST_BYTES = 65_536
_SUCCESSES = range(200, 300)
_PROXY_PORT = 3_128


@dataclass(frozen=True)
class Outcome:
    """What came of a request: a status and the beginning of an answer, or a failure."""

    status: int | None = None
    failure: str = ""
    answer: bytes = b""
    #: The header `Retry-After`.
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        return self.status in _SUCCESSES


class Line:
    """A connection to one webhook, kept open between requests; it is checked again whenever it is opened."""

    def __init__(self, url: str) -> None:
        self._target = addresses.parse(url)
        self._connection: _Connection | None = None

    def post(self, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send a body and return what came of it. Never raises."""
        was_open = self._connection is not None
        outcome = self._try(body, headers)
        if was_open and outcome.failure == Failure.REFUSED:  # the receiver closed it while it was idle
            outcome = self._try(body, headers)
        return outcome

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _try(self, body: bytes, headers: Mapping[str, str]) -> Outcome:
        deadline = time.monotonic() + SECONDS
        try:
            return self._ask(body, headers, deadline)
        except WebhookUrlForbidden:
            failure = Failure.FORBIDDEN
        except TimeoutError:
            failure = Failure.TIMEOUT
        except ssl.SSLError:
            failure = Failure.REFUSED
        except HTTPException as broken:
            failure = Failure.REFUSED if isinstance(broken, ConnectionError) else Failure.NOT_HTTP
        except (OSError, ValueError):
            failure = Failure.REFUSED
        self.close()
        return Outcome(failure=failure)

    def _ask(self, body: bytes, headers: Mapping[str, str], deadline: float) -> Outcome:
        if self._connection is None:
            found = addresses.resolve(self._target, seconds=_left(deadline))
            self._connection = _Connection(self._target, found, deadline)
        connection = self._connection
        connection.deadline = deadline
        connection.request("POST", self._target.path, body, {**headers, "Host": self._target.authority})
        response = connection.getresponse()
        answer = response.read(MOST_BYTES + 1)
        if not response.isclosed() or response.will_close:
            response.close()
            self.close()
        return Outcome(response.status, answer=answer[:MOST_BYTES], retry_after=response.headers.get("Retry-After", ""))


class _Connection(HTTPConnection):
    """An HTTP connection to the first reachable of the addresses (IP) that were checked, without a second look-up.

    A proxy is told the address, not the name, so that the check holds there too.
    """

    def __init__(self, target: Target, checked: list[str], deadline: float) -> None:
        super().__init__(checked[0], target.port)
        self._target, self._checked, self.deadline = target, checked, deadline
        self._proxy = urlsplit(settings.WEBHOOKS_PROXY_URL)
        if self._proxy.hostname:
            self.set_tunnel(checked[0], target.port)

    def connect(self) -> None:
        plain = self._open()
        self.sock: Any = _Socket(plain, self)
        if self._proxy.hostname:
            self._tunnel()  # type: ignore[attr-defined]
        if self._target.scheme == "https":
            plain.settimeout(_left(self.deadline))
            self.sock = _Socket(_tls().wrap_socket(plain, server_hostname=self._target.host), self)

    def _open(self) -> socket.socket:
        proxy, port = self._proxy.hostname, self._proxy.port or _PROXY_PORT
        places = [(proxy, port)] if proxy else [(address, self.port) for address in self._checked]
        for place in places[:-1]:
            with suppress(OSError):
                return self._dial(place)
        return self._dial(places[-1])

    def _dial(self, place: tuple[str, int]) -> socket.socket:
        opened = socket.create_connection(place, timeout=_left(self.deadline))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened


class _Socket:
    """What `http.client` needs of a socket, with each operation limited by the deadline of the request."""

    def __init__(self, raw: socket.socket, connection: _Connection) -> None:
        self._raw, self._connection = raw, connection
        self._is_closed, self._readers = False, 0

    def sendall(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            self._raw.settimeout(_left(self._connection.deadline))
            rest = rest[self._raw.send(rest) :]

    def makefile(self, *_modes: str) -> IO[bytes]:
        self._readers += 1
        return io.BufferedReader(_Reader(self))

    def receive(self, buffer: Any) -> int:
        self._raw.settimeout(_left(self._connection.deadline))
        return self._raw.recv_into(buffer)

    def close(self) -> None:
        """Close it once no reader is left: `http.client` closes it before it has read an answer."""
        self._is_closed = True
        if not self._readers:
            self._raw.close()

    def release(self) -> None:
        self._readers -= 1
        if self._is_closed:
            self.close()


class _Reader(io.RawIOBase):
    def __init__(self, source: _Socket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive(buffer)

    def close(self) -> None:
        if not self.closed:
            self._source.release()
        super().close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
