"""How many requests a second, beside a bare function: `python -m benchmarks.run [--people N …] [--seconds S]`.

For every number of people a throw-away PostgreSQL is filled by SQL, then each endpoint is put under load, the service
and the bare function (`bare.py`) in turns, several times; of all rounds the median counts. PostgreSQL, Redis, the
worker's broker, both gunicorns and wrk share this machine's processors, so that ratios say more than figures; where
others use them too, the ratio of what both spend of the processors says more than that of requests. Database commits
are not forced to the disk: with a real one both sides would wait for it, and look more alike.

The worker rests while the web is measured, for it would have processors of its own, and then delivers what was left
for it, which is a figure of its own. Exits with 1 if any request fails.
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
from benchmarks.endpoints import ENDPOINTS, INVITERS, MOST_PER_SECOND, Endpoint, Town
from benchmarks.plans import whole_tables
from benchmarks.stack import CONNECTIONS, ROOT, Load, LoadFailed, Stack, Web, stack

RESULTS = ROOT / "benchmarks/results"
DELIVERY_SECONDS = 5
LEAST_PEOPLE = 10_000
Row = dict[str, Any]


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    started = time.monotonic()
    results: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **_circumstances(options)}
    results["people"] = {}
    try:
        with stack() as running:
            for people in options.people:
                results["people"][str(people)] = measure(running, people, options)
            results["memory_of_a_worker_mb"] = {web.name: web.memory_mb() for web in (running.service, running.bare)}
    except LoadFailed as failure:
        print(f"A request failed, so nothing was measured: {failure}", file=sys.stderr)
        return 1
    print_growth(results["people"])
    print("\nmemory of a web worker (PSS):", ", ".join(
        f"{name} {mb:.0f} MB" for name, mb in results["memory_of_a_worker_mb"].items()
    ))  # fmt: skip
    file = options.to or RESULTS / f"{datetime.now(UTC):%Y-%m-%d-%H%M}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n")
    print(f"all of it in {time.monotonic() - started:.0f} s; kept in {file}")
    return 0


def measure(running: Stack, people: int, options: argparse.Namespace) -> Row:
    """Fill the database and print the table of its endpoints."""
    start = time.monotonic()
    with running.database.cursor() as cursor:
        population.fill(cursor, people)
    filled = time.monotonic() - start
    manage(running, "roll_up_statistics")
    town = Town(running, people)
    keep_statements_of_statistics(town)
    size = running.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")[0][0]
    print(f"\n{people:,} people, {size}, filled in {filled:.0f} s; {CONNECTIONS} connections")
    print(HEADLINE)
    rows = {}
    endpoints = [each for each in (*ENDPOINTS, *(INVITERS if options.inviters else ())) if _wanted(each, options)]
    for endpoint in endpoints:
        rows[endpoint.name] = rounds(town, endpoint, options)
        print(line(endpoint.name, rows[endpoint.name]), flush=True)
    row: Row = {"filled_in_seconds": filled, "size": size, "endpoints": rows}
    row["whole_tables_read"] = whole_tables(town, endpoints)
    print("\n".join(row["whole_tables_read"]) or "none of their statements reads a whole table")
    if any(each.name == "registration" for each in endpoints):
        row["deliveries_per_second"] = deliveries_per_second(running)
        print(f"{'delivery, by the worker':<46} {row['deliveries_per_second']:>7.0f}/s")
    return row


def print_growth(tables: dict[str, Row]) -> None:
    """Compare the median times of the table with most people with those of the table with fewest."""
    few, many = min(tables, key=int), max(tables, key=int)
    if few == many:
        return
    print(f"\np50 with {int(many):,} people, of that with {int(few):,}")
    for name, row in tables[many]["endpoints"].items():
        before = tables[few]["endpoints"][name]["service"]["p50_ms"]
        print(f"{name:<46} {row['service']['p50_ms'] / before:>5.2f}")


def manage(running: Stack, command: str) -> None:
    environment = running.environment | {"DATABASE_STATEMENT_TIMEOUT_SECONDS": "0"}
    subprocess.run([sys.executable, "manage.py", command], env=environment, cwd=ROOT, check=True, capture_output=True)


def rounds(town: Town, endpoint: Endpoint, options: argparse.Namespace) -> Row:
    """Load the service and the bare function in turns, and return the median of each figure."""
    contenders = (town.stack.service, town.stack.bare)
    for web in contenders:  # what is loaded at the first request is loaded
        one_load(town, endpoint, web, 1)
    loads: dict[str, list[Load]] = {web.name: [] for web in contenders}
    for number in tqdm(range(options.rounds), desc=endpoint.name, leave=False, disable=None):
        for web in contenders if number % 2 == 0 else reversed(contenders):
            loads[web.name].append(one_load(town, endpoint, web, options.seconds))
    row: Row = {
        name: {figure: median(asdict(load)[figure] for load in each) for figure in asdict(each[0])}
        for name, each in loads.items()
    }
    pairs = list(zip(loads["service"], loads["bare"], strict=True))
    row["ratio"] = median(mine.requests_per_second / bare.requests_per_second for mine, bare in pairs)
    row["cpu_ratio"] = median(bare.cpu_ms / mine.cpu_ms for mine, bare in pairs)
    row["rounds"] = {name: [asdict(load) for load in each] for name, each in loads.items()}
    return row


def one_load(town: Town, endpoint: Endpoint, web: Web, seconds: float) -> Load:
    town.stack.settle()
    lines = list(endpoint.prepare(town, round(seconds * MOST_PER_SECOND)))
    # One by hand, to see that it is a success, and to have every thread's connection opened by what is not counted.
    web.ask(lines.pop(0) if endpoint.once else lines[0])
    return web.load(lines, seconds=seconds, once=endpoint.once)


def keep_statements_of_statistics(town: Town) -> None:
    """Write down what the service asks the database for, for the bare function to ask the same."""
    program = """
import django, json, sys; django.setup()
from datetime import UTC, datetime
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
headers = {"Authorization": f"Token {sys.argv[1]}", "Host": "localhost", "X-Forwarded-Proto": "https"}
with CaptureQueriesContext(connection) as queries:
    assert Client(headers=headers).get("/api/statistics/").status_code == 200
print(json.dumps([query["sql"] for query in queries if query["sql"].startswith(("SELECT", "WITH", "\\n"))]))
"""
    token = population.token_of(town.people // 10_000 * 10_000)
    environment = town.stack.environment | {"DJANGO_SETTINGS_MODULE": "referral_project.settings"}
    told = subprocess.run(
        [sys.executable, "-c", program, token], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    # The first is that of the token, which the bare function makes as everywhere.
    town.stack.statistics_file.write_text(json.dumps(json.loads(told.stdout.splitlines()[-1])[1:]))


def deliveries_per_second(running: Stack) -> float:
    """Let the worker deliver what waits, for a moment, and then forget the rest."""
    before = len(running.gateway.requests)
    running.tell_worker()
    running.resume_worker()
    time.sleep(1)
    start, first = time.monotonic(), len(running.gateway.requests)
    time.sleep(DELIVERY_SECONDS)
    delivered = len(running.gateway.requests) - first
    seconds = time.monotonic() - start
    running.pause_worker()
    if len(running.gateway.requests) == before:
        raise LoadFailed("the worker delivers nothing")
    running.forget_tasks()
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


def _wanted(endpoint: Endpoint, options: argparse.Namespace) -> bool:
    return not options.only or any(endpoint.name.startswith(name) for name in options.only)


def _circumstances(options: argparse.Namespace) -> Row:
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
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 1_000_000], help="tables for so many people")
    parser.add_argument("--seconds", type=int, default=2, help="of each load")
    parser.add_argument("--rounds", type=int, default=3, help="of service and bare function in turns")
    parser.add_argument("--only", nargs="*", help="endpoints whose names begin so")
    parser.add_argument("--inviters", action="store_true", help="those with very many referrals, too")
    parser.add_argument("--to", type=Path, help="file of the results; by default in benchmarks/results")
    options = parser.parse_args(arguments)
    if min(options.people) < LEAST_PEOPLE:
        parser.error(f"One of them must be staff, as every ten-thousandth is: {LEAST_PEOPLE} people at least.")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
