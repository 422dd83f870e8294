"""Progress bar of long commands."""

from typing import NoReturn

from tqdm import tqdm


def progress(what: str, *, total: int | None = None) -> "tqdm[NoReturn]":
    """Return a progress bar (a context manager; `update(done)` advances it). Silent without a terminal."""
    # disable=None: tqdm is silent unless stderr is a terminal.
    return tqdm(desc=what, total=total, unit="", disable=None, leave=False, dynamic_ncols=True)
