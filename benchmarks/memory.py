"""Measure the memory growth of a web worker: `python -m benchmarks.memory [REQUESTS]`, 100,000 by default.

Workers are not restarted (`max_requests` is 0). The first quarter of the requests warms up every thread. Exits with 1
if the memory of a worker (PSS) grows by more than the factor MAX_GROWTH after that.
"""

import sys

from benchmarks import population
from benchmarks.endpoints import Target, login, profile, registration
from benchmarks.stack import stack

PEOPLE = 10_000
LAP_SECONDS = 5
MAX_GROWTH = 1.05


def main(requests: int) -> int:
    with stack("--max-requests=0") as running:
        with running.database.cursor() as cursor:
            population.fill(cursor, PEOPLE)
        target = Target(running, PEOPLE)
        done, settled = 0, 0.0
        print(f"{'requests':>9} {'MB a worker':>12}")
        while done < requests:
            for prepare, once in ((registration, True), (login, True), (profile, False)):
                running.settle()
                load = running.service.load(prepare(target, 10_000), seconds=LAP_SECONDS, once=once)
                done += round(load.requests_per_second * LAP_SECONDS)
            running.empty_redis()
            memory = running.service.memory_mb()
            settled = settled if settled or done < requests / 4 else memory
            print(f"{done:>9,} {memory:>12.1f}", flush=True)
    print(f"grown by {(memory / settled - 1) * 100:.1f} % since the first quarter")
    return memory > settled * MAX_GROWTH


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
