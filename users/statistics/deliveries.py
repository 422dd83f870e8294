"""Delivery and cost of messages by country and channel."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count
from django.db.models.functions import Left
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from users.models import Delivery
from users.statistics import prices
from users.statistics.report import Period, share

_LONGEST_CALLING_CODE = 3


@dataclass
class Line:
    """Messages to one calling code by one channel; "" is no channel: none accepted the message."""

    #: "+7"; "" for erased people.
    calling_code: str
    #: ISO 3166-1, the main country of the calling code; "" if unknown.
    region: str
    channel: str
    delivered: int = 0
    failed: int = 0
    other: int = 0
    #: None if no message has a price.
    cost: Decimal | None = None

    @property
    def sent(self) -> int:
        return self.delivered + self.failed + self.other

    @property
    def rate(self) -> float | None:
        """Share of the messages with a final state that were delivered."""
        return share(self.delivered, self.delivered + self.failed)


def lines(*, period: Period) -> list[Line]:
    """Count the messages of a period that are still stored, those with most messages first.

    Reads every message of the period: PERSONAL_DATA_MESSAGES_DAYS bounds them.
    """
    found: dict[tuple[str, str], Line] = {}
    for prefix, channel, outcome, count in _groups(period):
        code, region = _country(prefix)
        line = found.setdefault((code, channel), Line(code, region, channel))
        match outcome:
            case Delivery.State.DELIVERED:
                line.delivered += count
            case Delivery.State.FAILED:
                line.failed += count
            case _:
                line.other += count
        price = prices.price_of(channel=channel, phone_number=prefix)
        if price is not None and outcome == Delivery.State.DELIVERED:
            line.cost = (line.cost or Decimal(0)) + price * count
    return sorted(found.values(), key=lambda line: -line.sent)


def _groups(period: Period) -> Iterator[tuple[str, str, str, int]]:
    sent = Delivery.objects.filter(created_at__gte=period.start, created_at__lt=period.end)
    groups = sent.with_outcome().order_by().annotate(beginning=Left("phone_number", prices.LONGEST_PREFIX))
    yield from groups.values_list("beginning", "channel", "outcome_now").annotate(count=Count("pk"))


def _country(prefix: str) -> tuple[str, str]:
    """Return calling code and main country of the beginning of a number."""
    for length in range(1, _LONGEST_CALLING_CODE + 1):
        digits = prefix[1 : length + 1]
        if digits.isdecimal() and (regions := COUNTRY_CODE_TO_REGION_CODE.get(int(digits))):
            return f"+{digits}", regions[0] if regions[0] != "001" else ""
    return "", ""
