"""Run all parts and print the counts; exit with 1 on a wrong response or fewer than MIN_REQUESTS requests."""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import django

from tests.fuzz.parts import PARTS, run_part
from tests.fuzz.report import table
from tests.fuzz.stack import running_stack

MIN_REQUESTS = 10_000
PROCESSES = 3
_started = time.monotonic()


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "referral_project.settings"
    with running_stack() as stack:
        log_progress("nginx, gunicorn and PostgreSQL are up")
        reports = []
        with ProcessPoolExecutor(
            PROCESSES, get_context("spawn"), initializer=django.setup, max_tasks_per_child=1
        ) as pool:
            parts = [pool.submit(run_part, stack, nth, *part) for nth, part in enumerate(PARTS)]
            for done in as_completed(parts):
                reports += done.result()
                log_progress(f"{sum(report.requests for report in reports):,} requests, {len(reports)} kinds")
        log = stack.log.read_text()
    print(f"\n{table(reports)}\n")
    failures = [failure for report in reports for failure in report.failures]
    print("\n".join(failures[:50]))
    if failures:
        print(log[-8_000:])
    return 1 if failures or sum(report.requests for report in reports) < MIN_REQUESTS else 0


def log_progress(what: str) -> None:
    print(f"{time.monotonic() - _started:5.1f} s  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
