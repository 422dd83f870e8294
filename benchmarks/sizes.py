"""Measure bytes per user by table, and extrapolate to a billion users: `python -m benchmarks.sizes [USERS]`.

The indexes are freshly built; in a database in use, indexes on random values are about 40 % larger.
"""

import os
import sys

import django
from django.core.management import call_command

from tests.support.servers import postgres

BILLION = 1_000_000_000
SIZES = """
    SELECT tables.relname, pg_relation_size(tables.oid), '', tables.reltuples FROM pg_class tables
    WHERE tables.relname = ANY(%(tables)s)
    UNION ALL
    SELECT tables.relname, pg_relation_size(indexrelid), index.relname, tables.reltuples
    FROM pg_index JOIN pg_class index ON index.oid = indexrelid JOIN pg_class tables ON tables.oid = indrelid
    WHERE tables.relname = ANY(%(tables)s)
    ORDER BY 1, 3
"""


def main(people: int) -> None:
    with postgres() as url:
        os.environ |= {
            "DATABASE_URL": url,
            "DATABASE_STATEMENT_TIMEOUT_SECONDS": "0",
            "DJANGO_SETTINGS_MODULE": "referral_project.settings",
            "LOG_LEVEL": "ERROR",
        }
        django.setup()
        call_command("migrate", verbosity=0)
        measure(people)


def measure(people: int) -> None:
    from django.db import connection

    from benchmarks import population

    with connection.cursor() as cursor:
        population.fill(cursor, people)
        cursor.execute(SIZES, {"tables": list(population.TABLES)})
        sizes = cursor.fetchall()
    print(f"{people:,} users\n\nbytes a row  GB for 1e9 users  table or its index")
    for table, size, index, rows in sizes:
        print(f"{size / rows:11.1f} {size / people * BILLION / 1e9:18.0f}  {f'  {index}' if index else table}")
    for what, is_index in (("tables", False), ("indexes", True)):
        total = sum(size for _, size, index, _ in sizes if bool(index) is is_index)
        print(f"{total / people:11.1f} {total / people * BILLION / 1e9:18.0f}  all {what}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
