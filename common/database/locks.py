"""PostgreSQL advisory locks, keyed by id or by name. No-ops on SQLite, where a transaction locks the whole database."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

#: First half of a two-part key: names and ids never collide.
_NAMES = 1


def lock_ids(*, exclusive: int, shared: Iterable[int] = ()) -> None:
    """Lock ids until the surrounding transaction ends, or its savepoint is rolled back.

    Advisory, so that no row is written and many transactions share the lock of one id. Taken in the order of the ids,
    so that two callers can't deadlock.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT CASE id WHEN %(exclusive)s THEN pg_advisory_xact_lock(id)
                           ELSE pg_advisory_xact_lock_shared(id) END
            FROM (SELECT DISTINCT unnest(%(all)s::bigint[]) AS id ORDER BY id) AS ids
            """,
            {"exclusive": exclusive, "all": [exclusive, *shared]},
        )


def lock_name(name: str) -> None:
    """Lock a name, such as a client's IP, until the surrounding transaction ends."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_NAMES, name])


@contextmanager
def name_held(name: str, *, using: BaseDatabaseWrapper) -> Iterator[None]:
    """Lock a name over several transactions; a PgBouncer in between must not be in transaction mode."""
    with using.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [_NAMES, name])
    try:
        yield
    finally:
        if using.is_usable():
            with using.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_NAMES, name])
