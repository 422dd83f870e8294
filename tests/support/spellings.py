"""Other ways to write a text that mean the same to people."""

import sys
import unicodedata
from itertools import chain, cycle, islice

_CHARACTERS = [chr(code_point) for code_point in range(sys.maxunicode + 1)]
#: The zero of every script that has decimal digits.
ZEROS = [each for each in _CHARACTERS if unicodedata.category(each) == "Nd" and unicodedata.decimal(each) == 0]
SPACES = [each for each in _CHARACTERS if unicodedata.category(each) == "Zs"]
DASHES = [each for each in _CHARACTERS if unicodedata.category(each) == "Pd"]
#: What is invisible: category Cf and the variation selectors.
MARKS = [
    *(each for each in _CHARACTERS if unicodedata.category(each) == "Cf"),
    *(each for each in _CHARACTERS if unicodedata.name(each, "").startswith("VARIATION SELECTOR")),
]


def in_script(text: str, zero: str) -> str:
    """Write the digits of a text in the script of this zero."""
    return text.translate({ord(digit): chr(ord(zero) + int(digit)) for digit in "0123456789"})


def with_marks(text: str, *, first: int = 0) -> str:
    """Put an invisible mark at every position of a text, each time the next one."""
    marks = islice(cycle(MARKS), first % len(MARKS), None)
    return "".join(chain.from_iterable(zip(marks, text, strict=False))) + next(marks)


def full_width(text: str) -> str:
    return text.translate({code_point: code_point + 0xFEE0 for code_point in range(0x21, 0x7F)})
