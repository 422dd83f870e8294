"""Parts of the run; each runs in its own process."""

import os
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

from tests.fuzz.report import Report
from tests.fuzz.stack import Stack

#: The longest first.
PARTS = [
    ("fields",),
    *(("contract", role) for role in ("service", "superuser", "user", "anonymous")),
    ("raw_requests",),
]


def run_part(stack: Stack, nth: int, module: str, *arguments: str) -> list[Report]:
    """Run one part with its own range of phone numbers. Needs Django set up."""
    from tests.support.factories import start_phone_numbers_at

    start_phone_numbers_at(nth * 500_000)
    with Path(os.devnull).open("w") as devnull, redirect_stdout(devnull):  # the console gateway prints codes
        reports: list[Report] = import_module(f"tests.fuzz.{module}").run(stack, *arguments)
    return reports
