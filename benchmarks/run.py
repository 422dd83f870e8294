"""Measure requests per second against a bare function: `python -m benchmarks.run [--people N …] [--seconds S]`.

For each number of users, fills a temporary PostgreSQL by SQL, then loads the service and the bare function (`bare.py`)
alternately for each endpoint and takes the median of the rounds. PostgreSQL, Redis, the worker's broker, both gunicorns
and wrk share the processors of this machine, so ratios are more reliable than absolute numbers; on a busy machine the
ratio of CPU time is more reliable than that of requests. fsync is off: with it both sides would wait for the disk and
differ less.

The Celery worker is paused while the web processes are measured; afterwards its rate of delivery is measured. Exits
with 1 if a request fails.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tqdm import tqdm

from benchmarks import population
from benchmarks.endpoints import ENDPOINTS, INVITERS, MAX_PER_SECOND, Endpoint, Target
from benchmarks.plans import whole_tables
from benchmarks.stack import CONNECTIONS, ROOT, Load, LoadFailed, Stack, Web, stack

RESULTS = ROOT / "benchmarks/results"
DELIVERY_SECONDS = 5
MIN_USERS = 10_000
Row = dict[str, Any]


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    started = time.monotonic()
    results: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **_environment(options)}
    results["people"] = {}
    try:
        with stack() as running:
            for people in options.people:
                results["people"][str(people)] = measure(running, people, options)
            results["memory_of_a_worker_mb"] = {web.name: web.memory_mb() for web in (running.service, running.bare)}
    except LoadFailed as failure:
        print(f"A request failed; no result: {failure}", file=sys.stderr)
        return 1
    print_growth(results["people"])
    print("\nmemory of a web worker (PSS):", ", ".join(
        f"{name} {mb:.0f} MB" for name, mb in results["memory_of_a_worker_mb"].items()
    ))  # fmt: skip
    file = options.to or RESULTS / f"{datetime.now(UTC):%Y-%m-%d-%H%M}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n")
    print(f"finished in {time.monotonic() - started:.0f} s; results in {file}")
    return 0


def measure(running: Stack, people: int, options: argparse.Namespace) -> Row:
    """Fill the database, measure its endpoints and print a table."""
    start = time.monotonic()
    with running.database.cursor() as cursor:
        population.fill(cursor, people)
    filled = time.monotonic() - start
    manage(running, "roll_up_statistics")
    target = Target(running, people)
    keep_statements_of_statistics(target)
    size = running.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")[0][0]
    print(f"\n{people:,} users, {size}, filled in {filled:.0f} s; {CONNECTIONS} connections")
    print(HEADLINE)
    rows = {}
    endpoints = [each for each in (*ENDPOINTS, *(INVITERS if options.inviters else ())) if _is_selected(each, options)]
    for endpoint in endpoints:
        rows[endpoint.name] = rounds(target, endpoint, options)
        print(line(endpoint.name, rows[endpoint.name]), flush=True)
    row: Row = {"filled_in_seconds": filled, "size": size, "endpoints": rows}
    row["whole_tables_read"] = whole_tables(target, endpoints)
    print("\n".join(row["whole_tables_read"]) or "no statement scans a whole table")
    if any(each.name == "registration" for each in endpoints):
        row["deliveries_per_second"] = deliveries_per_second(running)
        print(f"{'delivery, by the worker':<46} {row['deliveries_per_second']:>7.0f}/s")
    return row


def print_growth(tables: dict[str, Row]) -> None:
    """Print the ratio of the median times with most users to those with fewest."""
    few, many = min(tables, key=int), max(tables, key=int)
    if few == many:
        return
    print(f"\np50 with {int(many):,} users relative to {int(few):,}")
    for name, row in tables[many]["endpoints"].items():
        before = tables[few]["endpoints"][name]["service"]["p50_ms"]
        print(f"{name:<46} {row['service']['p50_ms'] / before:>5.2f}")


def manage(running: Stack, command: str) -> None:
    environment = running.environment | {"DATABASE_STATEMENT_TIMEOUT_SECONDS": "0"}
    subprocess.run([sys.executable, "manage.py", command], env=environment, cwd=ROOT, check=True, capture_output=True)


def rounds(target: Target, endpoint: Endpoint, options: argparse.Namespace) -> Row:
    """Load the service and the bare function alternately; return the median of each figure."""
    contenders = (target.stack.service, target.stack.bare)
    for web in contenders:  # warm up lazy imports
        one_load(target, endpoint, web, 1)
    loads: dict[str, list[Load]] = {web.name: [] for web in contenders}
    for number in tqdm(range(options.rounds), desc=endpoint.name, leave=False, disable=None):
        for web in contenders if number % 2 == 0 else reversed(contenders):
            loads[web.name].append(one_load(target, endpoint, web, options.seconds))
    row: Row = {
        name: {figure: median(asdict(load)[figure] for load in each) for figure in asdict(each[0])}
        for name, each in loads.items()
    }
    pairs = list(zip(loads["service"], loads["bare"], strict=True))
    row["ratio"] = median(mine.requests_per_second / bare.requests_per_second for mine, bare in pairs)
    row["cpu_ratio"] = median(bare.cpu_ms / mine.cpu_ms for mine, bare in pairs)
    row["rounds"] = {name: [asdict(load) for load in each] for name, each in loads.items()}
    return row


def one_load(target: Target, endpoint: Endpoint, web: Web, seconds: float) -> Load:
    target.stack.settle()
    lines = list(endpoint.prepare(target, round(seconds * MAX_PER_SECOND)))
    # One request outside of the measurement, to check that it succeeds and to open connections.
    web.request_once(lines.pop(0) if endpoint.once else lines[0])
    return web.load(lines, seconds=seconds, once=endpoint.once)


def keep_statements_of_statistics(target: Target) -> None:
    """Record the statements of the statistics for the bare function."""
    program = """
import django, json, sys; django.setup()
from datetime import UTC, datetime
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
headers = {"Authorization": f"Key {sys.argv[1]}", "Host": "localhost", "X-Forwarded-Proto": "https"}
with CaptureQueriesContext(connection) as queries:
    assert Client(headers=headers).get("/api/statistics/").status_code == 200
print(json.dumps([query["sql"] for query in queries if query["sql"].startswith(("SELECT", "WITH", "\\n"))]))
"""
    environment = target.stack.environment | {"DJANGO_SETTINGS_MODULE": "referral_project.settings"}
    result = subprocess.run(
        [sys.executable, "-c", program, population.SERVICE_KEY],
        env=environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    # Without the first one, the lookup of the key, which the bare function does itself.
    target.stack.statistics_file.write_text(json.dumps(json.loads(result.stdout.splitlines()[-1])[1:]))


def deliveries_per_second(running: Stack) -> float:
    """Let the worker deliver for DELIVERY_SECONDS, then discard the rest."""
    before = len(running.gateway.requests)
    running.wake_worker()
    running.resume_worker()
    time.sleep(1)
    start, first = time.monotonic(), len(running.gateway.requests)
    time.sleep(DELIVERY_SECONDS)
    delivered = len(running.gateway.requests) - first
    seconds = time.monotonic() - start
    running.pause_worker()
    if len(running.gateway.requests) == before:
        raise LoadFailed("the worker delivered nothing")
    running.empty_redis()
    return delivered / seconds


_UNITS = f"{'per s':>9} {'ms':>7} {'ms':>7} {'ms':>8} {'ms':>7} | {'per s':>9} {'ms':>7}"
_NAMES = f"{'requests':>9} {'p50':>7} {'p99':>7} {'CPU web':>8} {'CPU db':>7} | {'bare':>9} {'p50':>7}"
HEADLINE = f"{'':<46} {_NAMES} |    of the bare\n{'':<46} {_UNITS} | {'per s':>7} {'by CPU':>7}"


def line(name: str, row: Row) -> str:
    mine, bare = row["service"], row["bare"]
    return (
        f"{name:<46} {mine['requests_per_second']:>9.0f} {mine['p50_ms']:>7.1f} {mine['p99_ms']:>7.1f} "
        f"{mine['web_cpu_ms']:>8.2f} {mine['database_cpu_ms']:>7.2f} | {bare['requests_per_second']:>9.0f} "
        f"{bare['p50_ms']:>7.1f} | {row['ratio']:>7.2f} {row['cpu_ratio']:>7.2f}"
    )


def _is_selected(endpoint: Endpoint, options: argparse.Namespace) -> bool:
    return not options.only or any(endpoint.name.startswith(name) for name in options.only)


def _environment(options: argparse.Namespace) -> Row:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "seconds": options.seconds,
        "rounds_of_each": options.rounds,
        "connections": CONNECTIONS,
    }


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 1_000_000], help="numbers of users")
    parser.add_argument("--seconds", type=int, default=2, help="duration of each load")
    parser.add_argument("--rounds", type=int, default=3, help="loads of each side, alternating")
    parser.add_argument("--only", nargs="*", help="prefixes of endpoint names")
    parser.add_argument("--inviters", action="store_true", help="also measure users with very many referrals")
    parser.add_argument("--to", type=Path, help="file of the results; by default in benchmarks/results")
    options = parser.parse_args(arguments)
    if min(options.people) < MIN_USERS:
        parser.error(f"At least {MIN_USERS} users: every ten-thousandth is staff, and one is needed.")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
