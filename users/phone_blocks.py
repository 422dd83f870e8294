"""Blocks of numbers that have been recognized: parsing a number takes 200 µs, looking its block up 1 µs.

All numbers of a block have one length, and their first digits in common: so many that no pattern of the numbering plan
looks at a later one, except for being a digit. So what was found for one of them holds for all. Where a plan can't be
read in this way, and where a national prefix may stand in a number, there are no blocks.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import phonenumbers
from phonenumbers import PhoneMetadata

# The parser of `re` has no public name.
_parse: Any = re._parser.parse  # type: ignore[attr-defined]  # noqa: SLF001

#: What is left of a pattern: sets of digits, ("choice", patterns) and ("repetition", fewest, most, pattern).
_Pattern = tuple[Any, ...]

_ANY = frozenset("0123456789")
_PLAIN = re.compile(r"\+[1-9][0-9]{6,14}")
#: Blocks that a process remembers: a country has some hundreds.
_MOST_BLOCKS = 100_000
_LONGEST_NUMBER = 16

_known: set[tuple[str, int]] = set()
_depths: set[int] = set()


def is_known(typed: str) -> bool:
    """True if this is a mobile number in E.164, of a block that is known."""
    length = len(typed)
    return any((typed[:depth], length) in _known for depth in _depths) and _PLAIN.fullmatch(typed) is not None


def learn(number: str, country_code: int | None) -> None:
    """Remember the block of a mobile number in E.164, which the library has read as it is written."""
    if country_code is None or len(_known) >= _MOST_BLOCKS or not _PLAIN.fullmatch(number):
        return
    digits = number[1 + len(str(country_code)) :]
    depth = _depth(digits, country_code)
    if depth is not None:
        depth += len(number) - len(digits)
        _known.add((number[:depth], len(number)))
        _depths.add(depth)


def _depth(digits: str, country_code: int) -> int | None:
    """Return how many digits of a national number all decisions depend on; None if that can't be told."""
    plan = _plan(country_code)
    if plan is None:
        return None
    prefix, patterns = plan
    at_prefix: set[_Pattern] = {prefix}
    open_patterns: set[_Pattern] = set(patterns)
    for depth in range(len(digits) + 1):
        if any(map(_may_end, at_prefix)):
            return None
        if not at_prefix and all(map(_is_open, open_patterns)):
            return depth
        if depth < len(digits):
            at_prefix = {rest for pattern in at_prefix for rest in _after(pattern, digits[depth])}
            open_patterns = {rest for pattern in open_patterns for rest in _after(pattern, digits[depth])}
    return None


@cache
def _plan(country_code: int) -> tuple[_Pattern, list[_Pattern]] | None:
    """Return the pattern of national prefixes, and every pattern that tells which numbers there are, of which type."""
    regions = phonenumbers.region_codes_for_country_code(country_code)
    found = [PhoneMetadata.metadata_for_region_or_calling_code(country_code, region) for region in regions]
    plans = [plan for plan in found if plan]
    try:
        # A pattern that nothing matches, where there is no prefix.
        prefix = _read(plans[0].national_prefix_for_parsing) if plans[0].national_prefix_for_parsing else (frozenset(),)
        return prefix, [_read(pattern) for plan in plans for pattern in _patterns_of(plan)]
    except _Unreadable:
        return None


def _patterns_of(plan: PhoneMetadata) -> Iterator[str]:
    kinds = (
        *(plan.general_desc, plan.premium_rate, plan.toll_free, plan.shared_cost, plan.voip, plan.personal_number),
        *(plan.pager, plan.uan, plan.voicemail, plan.fixed_line, plan.mobile),
    )
    yield from (kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern)
    if plan.leading_digits:
        yield plan.leading_digits


class _Unreadable(Exception):
    """A pattern has a construct that `_read` does not know."""


def _read(pattern: str) -> _Pattern:
    return _sequence(_parse(pattern))


def _sequence(tree: Any) -> _Pattern:
    return tuple(part for operation, value in tree for part in _part(str(operation), value))


def _part(operation: str, value: Any) -> _Pattern:
    if operation == "LITERAL":
        return (frozenset(chr(value)) & _ANY,)
    if operation == "IN":
        return (frozenset(digit for digit in _ANY if _is_in(digit, value)),)
    if operation == "SUBPATTERN":
        return _sequence(value[3])
    if operation == "BRANCH":
        return (("choice", tuple(map(_sequence, value[1]))),)
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        fewest, most, inner = value
        return (("repetition", fewest, min(most, _LONGEST_NUMBER), _sequence(inner)),)
    raise _Unreadable(operation)


def _is_in(digit: str, parts: Any) -> bool:
    for operation, value in parts:
        match str(operation):
            case "LITERAL":
                found = chr(value) == digit
            case "RANGE":
                found = value[0] <= ord(digit) <= value[1]
            case "CATEGORY" if str(value) == "CATEGORY_DIGIT":
                found = True
            case other:
                raise _Unreadable(other)
        if found:
            return True
    return False


@lru_cache(100_000)
def _after(pattern: _Pattern, digit: str) -> frozenset[_Pattern]:
    """Return what can be left of a pattern behind this digit."""
    if not pattern:
        return frozenset()
    first, rest = pattern[0], pattern[1:]
    if isinstance(first, frozenset):
        return frozenset({rest}) if digit in first else frozenset()
    if first[0] == "choice":
        return frozenset().union(*(_after((*option, *rest), digit) for option in first[1]))
    _, fewest, most, inner = first
    left = _after(rest, digit) if fewest == 0 else frozenset()
    if most == 0:
        return left
    more = ("repetition", max(fewest - 1, 0), most - 1, inner)
    return left | _after((*inner, more, *rest), digit)


def _may_end(pattern: _Pattern) -> bool:
    """True if nothing more has to follow."""
    return all(
        not isinstance(part, frozenset)
        and (any(map(_may_end, part[1])) if part[0] == "choice" else part[1] == 0 or _may_end(part[3]))
        for part in pattern
    )


def _is_open(pattern: _Pattern) -> bool:
    """True if whatever digits follow, it depends on their number alone whether they match."""
    return all(
        part == _ANY
        if isinstance(part, frozenset)
        else all(map(_is_open, part[1]))
        if part[0] == "choice"
        else _is_open(part[3])
        for part in pattern
    )
