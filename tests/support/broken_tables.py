"""A table that takes no rows, as on a full disk; for tests of what a failure in the middle leaves behind."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_POSTGRESQL = """
    CREATE FUNCTION fail_as_a_full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION fail_as_a_full_disk();
"""
_SQLITE = "CREATE TRIGGER full_disk_{event} BEFORE {event} ON {table} BEGIN INSERT INTO no_such_table VALUES (1); END"


@contextmanager
def full_table(table: str) -> Iterator[None]:
    """Make every INSERT into a table and every UPDATE of it fail with an `OperationalError` meanwhile."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL.format(table=table))
        else:
            for event in ("INSERT", "UPDATE"):
                cursor.execute(_SQLITE.format(event=event, table=table))
        yield
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER full_disk ON {table}; DROP FUNCTION fail_as_a_full_disk")
        else:
            for event in ("INSERT", "UPDATE"):
                cursor.execute(f"DROP TRIGGER full_disk_{event}")
