"""The number of digits of codes: more while so many wrong ones are entered everywhere that guessing would succeed."""

from collections.abc import Iterable

from users.limits import limits
from users.limits.limits import Condition, Limit, Use
from users.validators import code_lengths


def wrong_try(*, length: int, is_known: Condition) -> list[Use]:
    """Return the limit, over all numbers and all addresses, of a wrong try with so many digits; none for the longest.

    A part of it is for addresses known to the number: `is_known`.
    """
    limit = _limits().get(length)
    return [limit.of(length).with_reserve_for(is_known)] if limit else []


def wrong_tries(*, is_known: bool) -> list[Use]:
    """Return what `wrong_try` returns for each number of digits, fewest first."""
    return [limit.of(length).with_reserve_for(lambda: is_known) for length, limit in _limits().items()]


def next_length(*, used_up: Iterable[bool]) -> int:
    """Return how many digits the next code has: the fewest of which wrong tries are still compared.

    `used_up` says of each of `wrong_tries` whether it is used up.
    """
    return next(length for length, is_used_up in zip(code_lengths(), [*used_up, False], strict=True) if not is_used_up)


def length_for_strangers() -> int:
    """Return how many digits a code has now that is sent to an address not known to the number."""
    return next_length(used_up=map(limits.is_used_up, wrong_tries(is_known=False)))


def is_under_attack() -> bool:
    """Return True while codes for addresses that are not known have more digits than usual."""
    return length_for_strangers() != code_lengths()[0]


def _limits() -> dict[int, Limit]:
    """Return the limit of each number of digits but the last, fewest first."""
    *limited, _unlimited = code_lengths()
    return dict(zip(limited, (limits.WRONG_TRIES, limits.WRONG_TRIES_UNDER_ATTACK), strict=False))
