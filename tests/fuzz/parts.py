"""The parts of the work, each for a process of its own."""

import os
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

from tests.fuzz.report import Tally
from tests.fuzz.stack import Stack

#: The longest first.
PARTS = [("fields",), *(("contract", role) for role in ("superuser", "staff", "person", "nobody")), ("wire",)]


def do(stack: Stack, nth: int, module: str, *arguments: str) -> list[Tally]:
    """Do one part, where Django is set up: no two of them draw the same numbers."""
    from tests.support.factories import draw_numbers_from

    draw_numbers_from(nth * 500_000)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # codes, "sent" to those who are to exist
        tallies: list[Tally] = import_module(f"tests.fuzz.{module}").ask(stack, *arguments)
    return tallies
