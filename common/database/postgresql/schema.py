"""Statements of migrations that give way: none waits for a lock longer than a moment.

A statement that waits for an exclusive lock stops everybody who comes after it, readers included, for as long as it
waits. So it gives up after `MIGRATION_LOCK_TIMEOUT_SECONDS`, lets the others through, and is tried again.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.backends.postgresql import schema
from psycopg2 import errors

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 3.0


def until_locks_are_free(action: Callable[[], object]) -> None:
    """Run an action that changes nothing if it fails; repeat it while locks are taken.

    Raises `OperationalError` if they still are after `MIGRATION_PATIENCE_SECONDS`.
    """
    deadline = time.monotonic() + settings.MIGRATION_PATIENCE_SECONDS
    while True:
        try:
            action()
        except OperationalError as refused:
            if not _is_about_locks(refused) or time.monotonic() > deadline:
                raise
            logger.warning("A migration waits for other transactions: %s", str(refused).splitlines()[0])
            # Longer than the others waited for this statement, so that they are done.
            time.sleep(random.uniform(0.5, 1) * _LONGEST_PAUSE_SECONDS)
        else:
            return


class SchemaEditor(schema.DatabaseSchemaEditor):
    """Limits the wait for locks, and outside of a transaction repeats a statement."""

    def execute(self, sql: Any, params: Any = ()) -> None:
        # An index that is built concurrently waits for transactions without holding up any.
        if self.collect_sql or "CONCURRENTLY" in str(sql):
            super().execute(sql, params)
        elif self.connection.in_atomic_block:
            self._execute_with_limit(sql, params)
        else:
            until_locks_are_free(lambda: self._execute_with_limit(sql, params))

    def __exit__(self, *raised: Any) -> None:
        try:
            super().__exit__(*raised)
        except OperationalError as refused:
            # One of the statements kept for the end failed: Django would leave the transaction open.
            if self.atomic_migration and self.connection.in_atomic_block:
                self.atomic.__exit__(type(refused), refused, refused.__traceback__)
            raise

    def _execute_with_limit(self, sql: Any, params: Any) -> None:
        limit = f"SET lock_timeout = '{settings.MIGRATION_LOCK_TIMEOUT_SECONDS * 1_000:.0f}ms'"
        super().execute(limit, None)
        try:
            super().execute(sql, params)
        except OperationalError:
            # A failed transaction takes no more statements, and its end takes back the limit.
            if not self.connection.in_atomic_block:
                super().execute("SET lock_timeout = DEFAULT", None)
            raise
        super().execute("SET lock_timeout = DEFAULT", None)


def _is_about_locks(refused: OperationalError) -> bool:
    return isinstance(refused.__cause__, errors.LockNotAvailable | errors.DeadlockDetected)
