"""No wait for PostgreSQL is endless: not for one that swallows packets, nor for one that takes them and never answers.

Time-outs of TCP and of the server itself do not see all of that, so the driver waits in Python, by a clock: a short one
while connecting and for the first answer of a kept connection, which tells that it is alive; then a long one.
"""

import select
import time
from typing import Any, ClassVar

import psycopg2
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg2 import extensions, extras

_REST_SECONDS = 1


class Connection(extensions.connection):  # type: ignore[misc]
    """A connection that knows for how many seconds to wait for the next answer of its server; 0: for ever."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.expect_a_sign_of_life()
        super().__init__(*args, **kwargs)

    def expect_a_sign_of_life(self) -> None:
        self.patience_seconds: float = settings.DATABASE_CONNECT_TIMEOUT_SECONDS

    def expect_statements(self) -> None:
        """Wait a little longer than the server lets statements run."""
        limit = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS
        self.patience_seconds = limit + settings.DATABASE_CONNECT_TIMEOUT_SECONDS if limit else 0

    def has_been_hung_up(self) -> bool:
        """Whether something is there to be read before anything was asked: a server's farewell, or its end."""
        idle = select.poll()
        idle.register(self.fileno(), select.POLLIN)
        return bool(idle.poll(0))


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

    def is_usable(self) -> bool:
        """Look instead of asking: a `SELECT 1` before every request would be a quarter of its work."""
        if self.connection is None or self.connection.closed or self.connection.has_been_hung_up():
            return False
        self.connection.expect_a_sign_of_life()
        return True

    @classmethod
    def _wait(cls, connection: Any) -> None:
        """Let the driver go on until it is done. Raises `OperationalError` when time is up: the driver hangs up."""
        if not isinstance(connection, Connection):  # the driver knows one way to wait, for others' connections too
            extras.wait_select(connection)
            return
        patience = connection.patience_seconds
        deadline = time.monotonic() + patience if patience else None
        while (state := connection.poll()) != extensions.POLL_OK:
            socket = select.poll()
            socket.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
            if not socket.poll(max(0.0, deadline - time.monotonic()) * 1000 if deadline else None):
                cls._resting_until = time.monotonic() + _REST_SECONDS
                raise psycopg2.OperationalError(f"the server has not answered for {patience} s")
        connection.expect_statements()
