"""Holding people still while a rule about several of them is checked and carried out."""

from collections.abc import Iterable

from django.db import connection

#: The first half of the keys that names are locked by: ids have none.
_NAMES = 1


def hold(*, exclusively: int, shared: Iterable[int] = ()) -> None:
    """Lock people by id until the surrounding transaction, or savepoint that is rolled back, ends.

    Advisory locks: many newcomers may share their hold on one popular inviter, and no row is written. Always taken
    in the order of ids, so that two callers can't wait for each other. SQLite's immediate transaction is lock enough.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT CASE id WHEN %(exclusively)s THEN pg_advisory_xact_lock(id)
                           ELSE pg_advisory_xact_lock_shared(id) END
            FROM (SELECT DISTINCT unnest(%(everyone)s::bigint[]) AS id ORDER BY id) AS people
            """,
            {"exclusively": exclusively, "everyone": [exclusively, *shared]},
        )


def hold_name(name: str) -> None:
    """Lock a name, as of a client address, until the surrounding transaction ends; names and ids never collide."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_NAMES, name])
