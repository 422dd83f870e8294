"""Count the SQL queries of a call, and explain them."""

from collections.abc import Callable

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext


def count_queries(call: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)


def plan_of(sql: str) -> str:
    """Return the plan that the database would use now."""
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql.replace('%', '%%')}", [])
        return "\n".join(str(step[-1]) for step in cursor.fetchall())


def plan_for_large_tables(sql: str) -> str:
    """Return the plan without table scans, wherever an index can replace one."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        return plan_of(sql)
