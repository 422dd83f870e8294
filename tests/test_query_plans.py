"""No request scans a table that grows with the number of users; every query is explained."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from benchmarks import population
from tests.support.factories import create_user
from tests.support.queries import plan_for_large_tables, plan_of
from tests.test_query_counts import REQUESTS
from users.models import RunningTotals
from users.statistics.totals import QUARTER, quarter_of

PEOPLE = 20_000
INDEXES = {
    "search=nobody": "user_by_search_name",
    "search=7cdfhj": "user_by_search_name",
    "search=4567": "user_by_search_name",
    "updated_after=2026-01-01T00:00:00Z&ordering=updated_at": "user_by_change",
    "external_id=shop-42": "user_external_id",
    "username=nobody": "user_by_search_name",
}
ONLY_NUMBERS = 'SELECT "users_user"."phone_number" AS'

pytestmark = pytest.mark.django_db


def test_no_request_scans_a_whole_table(service_client: APIClient) -> None:
    fill()
    whole_tables = []

    for name, (prepare, _) in REQUESTS.items():
        anna = create_user()
        create_user(invited_by=anna)
        call = prepare(anna)
        with CaptureQueriesContext(connection) as queries:
            assert call().status_code < 300, name
        whole_tables += [f"{name}: {table}: {sql[:500]}" for sql in explainable(queries) for table in read_whole(sql)]

    assert whole_tables == []
    # Here, because filling the tables takes seconds.
    assert_search_and_filters_use_their_indexes(service_client)
    assert_digits_of_numbers_are_read_in_an_index(service_client)


def test_a_scan_without_an_index_is_detected() -> None:
    assert read_whole("SELECT 1 FROM users_delivery WHERE failed_channels = 'x'") == ["users_delivery"]


def assert_search_and_filters_use_their_indexes(service_client: APIClient) -> None:
    plans = {}

    for query in INDEXES:
        with CaptureQueriesContext(connection) as queries:
            assert service_client.get(f"/api/users/?{query}").status_code == 200
        (page,) = [query["sql"] for query in queries if 'ORDER BY "users_user"' in query["sql"]]
        plans[query] = plan_of(page)

    assert {query: plan for query, plan in plans.items() if INDEXES[query] not in plan} == {}


def assert_digits_of_numbers_are_read_in_an_index(service_client: APIClient) -> None:
    newest = f"+7{9_000_000_000 + PEOPLE}"  # not among the first `MANY_NUMBERS`
    with CaptureQueriesContext(connection) as queries:
        found = service_client.get(f"/api/users/?search=0000&phone_number={quote(newest)}").json()["results"]
    (numbers,) = [query["sql"] for query in queries if query["sql"].startswith(ONLY_NUMBERS)]
    plan = plan_for_large_tables(numbers)

    assert "Index Only Scan" in plan if connection.vendor == "postgresql" else "USING COVERING INDEX" in plan
    assert len(found) == (connection.vendor == "postgresql")  # SQLite has few people


def fill() -> None:
    """Create many users on PostgreSQL, whose plans depend on table sizes; those of SQLite do not."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for statement in population.STEPS.values():
                cursor.execute(statement, {"people": PEOPLE})
                cursor.execute("ANALYZE")  # otherwise the next statement is planned for empty tables
            cursor.execute("SELECT setval(pg_get_serial_sequence('users_user', 'id'), %s)", [PEOPLE])
    # As after a scheduled roll-up.
    RunningTotals.objects.create(at=quarter_of(timezone.now()) - 4 * QUARTER, registrations=PEOPLE)


def explainable(queries: Any) -> Iterator[str]:
    for query in queries:
        if query["sql"].lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            yield query["sql"]


def read_whole(sql: str) -> list[str]:
    """Return the growing tables that a statement scans."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"), [])
            (plan,) = cursor.fetchone()
            scans = scanned(json.loads(plan) if isinstance(plan, str) else plan)
        else:
            cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"), [])
            steps = [step.split() for *_, step in cursor.fetchall()]
            scans = [step[1] for step in steps if step[0] == "SCAN" and "USING" not in step]
    return [table for table in scans if table in population.TABLES]


def scanned(plan: Any) -> Iterator[str]:
    if isinstance(plan, list):
        for part in plan:
            yield from scanned(part)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield plan["Relation Name"]
        for part in plan.values():
            yield from scanned(part)
