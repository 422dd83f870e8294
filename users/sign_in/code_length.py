"""The number of digits of codes: more while so many wrong ones are entered everywhere that guessing would succeed."""

from users.limits import limits
from users.limits.limits import Condition, Limit, Use
from users.validators import code_lengths


def wrong_try(*, length: int, is_known: Condition) -> list[Use]:
    """Return the limit, over all numbers and all addresses, of a wrong try with so many digits; none for the longest.

    A part of it is for addresses known to the number: `is_known`.
    """
    limit = _limits().get(length)
    return [limit.of(length).with_reserve_for(is_known)] if limit else []


def next_length(*, is_known: bool) -> int:
    """Return how many digits the next code has: the fewest of which wrong tries are still compared."""
    for length in _limits():
        if not any(map(limits.is_used_up, wrong_try(length=length, is_known=lambda: is_known))):
            return length
    return code_lengths()[-1]


def is_under_attack() -> bool:
    """Return True while codes for addresses that are not known have more digits than usual."""
    return next_length(is_known=False) != code_lengths()[0]


def _limits() -> dict[int, Limit]:
    """Return the limit of each number of digits but the last, fewest first."""
    *limited, _unlimited = code_lengths()
    return dict(zip(limited, (limits.WRONG_TRIES, limits.WRONG_TRIES_UNDER_ATTACK), strict=False))
