"""Ids of rows in text that a client sent."""

_LARGEST = 2**63 - 1
_DIGITS = len(str(_LARGEST))


def parse_id(text: str) -> int | None:
    """Return an id that a column can hold (`BigAutoField`); None for any other text."""
    number = int(text) if text.isdecimal() and len(text) <= _DIGITS else 0
    return number if 0 < number <= _LARGEST else None
