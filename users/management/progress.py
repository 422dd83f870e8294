"""How far a long command has come."""

from typing import NoReturn

from tqdm import tqdm


def progress(what: str, *, total: int | None = None) -> "tqdm[NoReturn]":
    """Return a bar to be used as a context manager and moved on by `update(done)`: on a terminal; silent elsewhere."""
    # Whether it is a terminal, tqdm finds out itself when `disable` is None.
    return tqdm(desc=what, total=total, unit="", disable=None, leave=False, dynamic_ncols=True)
