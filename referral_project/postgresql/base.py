"""No wait for PostgreSQL is endless: not for one that swallows packets, nor for one that takes them and never answers.

Time-outs of TCP and of the server itself do not see all of that, so the driver waits in Python, by a clock: a short one
while connecting and while asking whether a kept connection is alive, a long one for a statement.
"""

import select
import time
from typing import Any, ClassVar

import psycopg2
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg2 import extensions

_REST_SECONDS = 1


class Connection(extensions.connection):  # type: ignore[misc]
    """A connection that knows for how many seconds to wait for its server; 0: for ever."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.patience_seconds: float = settings.DATABASE_CONNECT_TIMEOUT_SECONDS
        super().__init__(*args, **kwargs)


class DatabaseWrapper(base.DatabaseWrapper):
    #: After a wait in vain nobody tries for a moment, or all threads would wait and requests pile up before them.
    _resting_until: ClassVar[float] = 0

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "connection_factory": Connection}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if time.monotonic() < self._resting_until:
            raise psycopg2.OperationalError("the server did not answer a moment ago")
        extensions.set_wait_callback(self._wait)
        return super().get_new_connection(conn_params)

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._have_patience()

    def is_usable(self) -> bool:
        if self.connection is None:
            return False
        self.connection.patience_seconds = settings.DATABASE_CONNECT_TIMEOUT_SECONDS
        if not super().is_usable():
            return False
        self._have_patience()
        return True

    def _have_patience(self) -> None:
        """Wait for statements a little longer than the server lets them run."""
        limit = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS
        self.connection.patience_seconds = limit + settings.DATABASE_CONNECT_TIMEOUT_SECONDS if limit else 0

    @classmethod
    def _wait(cls, connection: Any) -> None:
        """Let the driver go on until it is done. Raises `OperationalError` when time is up: the driver hangs up."""
        patience = getattr(connection, "patience_seconds", 0)
        deadline = time.monotonic() + patience if patience else None
        while (state := connection.poll()) != extensions.POLL_OK:
            socket = select.poll()
            socket.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
            if not socket.poll(max(0.0, deadline - time.monotonic()) * 1000 if deadline else None):
                cls._resting_until = time.monotonic() + _REST_SECONDS
                raise psycopg2.OperationalError(f"the server has not answered for {patience} s")
