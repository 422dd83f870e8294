"""The time zones of the world, by their names in the IANA database."""

from functools import cache
from importlib.resources import files


@cache
def zone_names() -> frozenset[str]:
    """Return the names of the installed `tzdata`, the same on every machine.

    `Factory` is left out: it stands for a clock that was never set.
    """
    return frozenset(files("tzdata").joinpath("zones").read_text().split()) - {"Factory"}
