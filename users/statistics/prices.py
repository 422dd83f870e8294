"""What one message costs at a channel, from CHANNEL_PRICES."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: Longest beginning of a number that a price may name: "+" and digits.
LONGEST_PREFIX = 5
_TERM = re.compile(rf"([a-z0-9-]+):\+(\d{{0,{LONGEST_PREFIX - 1}}})=(\d+(?:\.\d+)?)")

#: Price by channel and beginning of the number.
Prices = Mapping[tuple[str, str], Decimal]


def price_of(*, channel: str, phone_number: str) -> Decimal | None:
    """Return the price of a message, by the longest beginning of the number that has one; None if none has.

    The beginning of a number is enough. Raises `ImproperlyConfigured`.
    """
    prices = _read(settings.CHANNEL_PRICES)
    prefixes = (phone_number[:length] for length in range(LONGEST_PREFIX, 0, -1))
    return next((prices[channel, prefix] for prefix in prefixes if (channel, prefix) in prices), None)


@lru_cache
def _read(text: str) -> Prices:
    found = {}
    for term in text.split():
        match = _TERM.fullmatch(term)
        if not match:
            raise ImproperlyConfigured(f"{term!r} in CHANNEL_PRICES is no price: write it as smsc:+7=3.20.")
        found[match[1], f"+{match[2]}"] = Decimal(match[3])
    return found
