"""Send it all, print what came of it; exit with 1 if an answer was wrong or there were too few requests."""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import django

from tests.fuzz.parts import PARTS, do
from tests.fuzz.report import table
from tests.fuzz.stack import running_stack

ENOUGH = 10_000
PROCESSES = 3
_started = time.monotonic()


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "referral_project.settings"
    with running_stack() as stack:
        say("nginx, gunicorn and PostgreSQL are up")
        tallies = []
        with ProcessPoolExecutor(
            PROCESSES, get_context("spawn"), initializer=django.setup, max_tasks_per_child=1
        ) as pool:
            parts = [pool.submit(do, stack, nth, *part) for nth, part in enumerate(PARTS)]
            for done in as_completed(parts):
                tallies += done.result()
                say(f"{sum(tally.requests for tally in tallies):,} requests, {len(tallies)} kinds")
        log = stack.log.read_text()
    print(f"\n{table(tallies)}\n")
    complaints = [complaint for tally in tallies for complaint in tally.complaints]
    print("\n".join(complaints[:50]))
    if complaints:
        print(log[-8_000:])
    return 1 if complaints or sum(tally.requests for tally in tallies) < ENOUGH else 0


def say(what: str) -> None:
    print(f"{time.monotonic() - _started:5.1f} s  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
