"""sRGB colours: contrast (WCAG 2.2), mixing, and shades that stay readable."""

import re
from typing import NamedTuple

#: Smallest contrast of text (WCAG 2.2, 1.4.3).
TEXT = 4.5
_STEPS = 100
_LINEAR_UP_TO = 0.04045


class Colour(NamedTuple):
    """Red, green and blue from 0 to 255."""

    red: float
    green: float
    blue: float

    def __str__(self) -> str:
        return "#" + "".join(f"{round(part):02x}" for part in self)


def parse(text: str) -> Colour:
    """Read `#0e5a44` or `#0a4`. Raises ValueError."""
    digits = text.removeprefix("#")
    if not re.fullmatch(r"(?:[0-9a-fA-F]{3}){1,2}", digits):
        raise ValueError(text)
    if len(digits) == len("rgb"):
        digits = "".join(digit * 2 for digit in digits)
    return Colour(*(int(digits[start : start + 2], 16) for start in (0, 2, 4)))


WHITE, BLACK = parse("#fff"), parse("#000")


def mix(colour: Colour, other: Colour, part: float) -> Colour:
    """Return `colour` with this part (0 to 1) of `other`."""
    return Colour(*(one + (two - one) * part for one, two in zip(colour, other, strict=True)))


def contrast(one: Colour, two: Colour) -> float:
    """Return the contrast ratio, from 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    darker, lighter = sorted((_luminance(_shown(one)), _luminance(_shown(two))))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(background: Colour, *candidates: Colour) -> Colour:
    """Return the first candidate that is readable on this background; else black or white, of which one always is."""
    return next(
        (colour for colour in (*candidates, WHITE, BLACK) if contrast(colour, background) >= TEXT),
        max(WHITE, BLACK, key=lambda colour: contrast(colour, background)),
    )


def readable(colour: Colour, *, on: Colour, ratio: float = TEXT) -> Colour:
    """Return the shade nearest to `colour` with this contrast to `on`: darker on a light one, lighter on a dark one."""
    end = BLACK if contrast(BLACK, on) > contrast(WHITE, on) else WHITE
    shades = (mix(colour, end, step / _STEPS) for step in range(_STEPS + 1))
    return next((shade for shade in shades if contrast(shade, on) >= ratio), end)


def faintest(colour: Colour, *, on: Colour) -> Colour:
    """Return `colour` with as much of the background as leaves it readable there: for less important text."""
    shades = (mix(colour, on, step / _STEPS) for step in range(30, 0, -1))
    return next((shade for shade in shades if contrast(shade, on) >= TEXT), colour)


def _shown(colour: Colour) -> Colour:
    """Return the colour as a style sheet writes it, with whole numbers."""
    return parse(str(colour))


def _luminance(colour: Colour) -> float:
    """Return the relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= _LINEAR_UP_TO else ((part + 0.055) / 1.055) ** 2.4
