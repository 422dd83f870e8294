"""Read every value of every table."""

from collections.abc import Iterator

from django.contrib.sessions.models import Session
from django.db import connection


def stored_values() -> Iterator[tuple[str, str, str]]:
    """Yield the table, the column and the text of every value in the database."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                yield from ((table, column, str(value)) for column, value in zip(columns, row, strict=True))
    for session in Session.objects.all():
        yield Session._meta.db_table, "session_data", str(session.get_decoded())


def tables_with(text: str) -> set[str]:
    """Return the tables that contain a text."""
    return {table for table, _, value in stored_values() if text.casefold() in value.casefold()}
