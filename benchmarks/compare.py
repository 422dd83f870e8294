"""Compare two results of the benchmark: `python -m benchmarks.compare before.json after.json`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

COLUMNS: dict[str, Callable[[Any], float]] = {
    "requests/s": lambda row: row["service"]["requests_per_second"],
    "p50 ms": lambda row: row["service"]["p50_ms"],
    "p99 ms": lambda row: row["service"]["p99_ms"],
    "CPU web ms": lambda row: row["service"]["web_cpu_ms"],
    "CPU db ms": lambda row: row["service"]["database_cpu_ms"],
    "of bare": lambda row: row["ratio"],
    "of bare, CPU": lambda row: row["cpu_ratio"],
}


def main(before_file: str, after_file: str) -> None:
    before, after = (json.loads(Path(file).read_text()) for file in (before_file, after_file))
    print(f"{before['commit']} ({before['at']}) -> {after['commit']} ({after['at']})")
    for people in before["people"].keys() & after["people"].keys():
        tables = [results["people"][people]["endpoints"] for results in (before, after)]
        print(f"\n{int(people):,} users")
        print(f"{'':<46}" + "".join(f"{name:>24}" for name in COLUMNS))
        for endpoint in (name for name in tables[0] if name in tables[1]):
            changes = [_change(*(figure(rows[endpoint]) for rows in tables)) for figure in COLUMNS.values()]
            print(f"{endpoint:<46}" + "".join(changes))
    memory = [results["memory_of_a_worker_mb"]["service"] for results in (before, after)]
    print(f"\nmemory of a web worker, MB: {_change(*memory).strip()}")


def _change(before: float, after: float) -> str:
    digits = 0 if after > 99 else 2  # noqa: PLR2004  three digits are enough
    return f"{f'{before:.{digits}f} -> {after:.{digits}f} ({after / before:.2f})':>24}"


if __name__ == "__main__":
    main(*sys.argv[1:])
