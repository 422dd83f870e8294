"""Limits every wait for PostgreSQL: also for a server that drops packets, or accepts them and never answers.

TCP time-outs and `statement_timeout` do not cover both cases, so the driver waits in Python, with a deadline: a short
one while connecting and for the first answer of a reused connection, which shows that it is alive; then a long one.
"""

import select
import time
from typing import Any, ClassVar

import psycopg2
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg2 import extensions, extras

from common.database.postgresql.schema import SchemaEditor

_PAUSE_SECONDS = 1


class Connection(extensions.connection):  # type: ignore[misc]
    """A connection with a time-out (seconds) for the next answer of its server; 0: none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.expect_first_answer()
        super().__init__(*args, **kwargs)

    def expect_first_answer(self) -> None:
        self.timeout_seconds: float = settings.DATABASE_CONNECT_TIMEOUT_SECONDS

    def expect_statements(self) -> None:
        """Wait a little longer than the server's `statement_timeout`."""
        limit = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS
        self.timeout_seconds = limit + settings.DATABASE_CONNECT_TIMEOUT_SECONDS if limit else 0

    def has_unread_input(self) -> bool:
        """True if the idle server sent something: it has closed the connection, or is about to."""
        idle = select.poll()
        idle.register(self.fileno(), select.POLLIN)
        return bool(idle.poll(0))


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    #: No connecting for a moment after a time-out: otherwise all threads wait and requests queue up.
    _paused_until: ClassVar[float] = 0

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "connection_factory": Connection}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if time.monotonic() < self._paused_until:
            raise psycopg2.OperationalError("the server did not answer a moment ago")
        extensions.set_wait_callback(self._wait)
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Poll the socket: Django's `SELECT 1` before every request would be a quarter of its work."""
        if self.connection is None or self.connection.closed or self.connection.has_unread_input():
            return False
        self.connection.expect_first_answer()
        return True

    @classmethod
    def _wait(cls, connection: Any) -> None:
        """Poll until the driver is done. Raises `OperationalError` on time-out; the driver then closes."""
        if not isinstance(connection, Connection):  # the callback is global: other libraries' connections call it too
            extras.wait_select(connection)
            return
        timeout = connection.timeout_seconds
        deadline = time.monotonic() + timeout if timeout else None
        while (state := connection.poll()) != extensions.POLL_OK:
            socket = select.poll()
            socket.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
            if not socket.poll(max(0.0, deadline - time.monotonic()) * 1000 if deadline else None):
                cls._paused_until = time.monotonic() + _PAUSE_SECONDS
                raise psycopg2.OperationalError(f"the server has not answered for {timeout} s")
        connection.expect_statements()
