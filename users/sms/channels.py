"""Channels for messages, from SMS_URL, in the order in which they are tried."""

import logging
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote

import apprise
from django.conf import settings

from users.models import Delivery

logger = logging.getLogger(__name__)

CONSOLE = "console"
PHONE = "{phone}"


class DeliveryFailed(Exception):
    """The gateway did not accept the message. Contains no text, phone number or credentials."""

    def __init__(self, failure: Delivery.Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


@dataclass(frozen=True)
class Channel:
    """A gateway. `name`, the scheme of its URL, is public; `url` is a secret."""

    name: str
    url: str = field(repr=False)

    @property
    def is_simulated(self) -> bool:
        return self.name.startswith(CONSOLE)

    def url_for(self, phone_number: str) -> str:
        return self.url.replace(PHONE, quote(phone_number))


def channels() -> list[Channel]:
    """Read SMS_URL. The second channel of a kind is called `json-2`."""
    seen: Counter[str] = Counter()
    found = []
    for url in settings.SMS_URL.split():
        scheme = re.sub(r"[^a-z0-9]", "", url.partition(":")[0].lower())[:30]
        seen[scheme] += 1
        found.append(Channel(scheme if seen[scheme] == 1 else f"{scheme}-{seen[scheme]}", url))
    return found


def longest_attempt_seconds() -> float:
    """Return how long all channels together may take: each one to connect, then to answer."""
    return 2 * float(settings.SMS_TIMEOUT_SECONDS) * len(channels())


def send(*, channel: Channel, phone_number: str, text: str) -> None:
    """Send `text` to `phone_number` (E.164). Raises `DeliveryFailed`."""
    if channel.is_simulated:
        return _print(phone_number, text)
    try:
        _notify(channel.url_for(phone_number), text)
    except DeliveryFailed as failed:
        logger.warning("Channel %s failed: %s", channel.name, failed.failure.value)
        raise


def gateway_at(url: str) -> apprise.NotifyBase | None:
    """Return the apprise plugin for a URL, with SMS_TIMEOUT_SECONDS; None if the URL is invalid."""
    plugin = apprise.Apprise.instantiate(url)
    if plugin is not None:
        plugin.socket_connect_timeout = plugin.socket_read_timeout = settings.SMS_TIMEOUT_SECONDS
        plugin.retry = 0  # the task retries, after a check that the message is still wanted
    return plugin


def _print(phone_number: str, text: str) -> None:
    """Simulate a gateway: wait, then print the message, with its digits only while codes are exposed."""
    time.sleep(random.uniform(settings.CONSOLE_SMS_MIN_DELAY_SECONDS, settings.CONSOLE_SMS_MAX_DELAY_SECONDS))
    shown = text if settings.CONFIRMATION_CODE_EXPOSED else re.sub(r"\d", "*", text)
    sys.stdout.write(f"SMS to {phone_number}: {shown}\n")
    sys.stdout.flush()


def _notify(url: str, text: str) -> None:
    gateway = gateway_at(url)
    if gateway is None:
        raise DeliveryFailed(Delivery.Failure.MISCONFIGURED)
    start = time.monotonic()
    if not apprise.Apprise(gateway).notify(body=text):
        # apprise gives no reason: a time-out is recognized by the time it took.
        is_slow = time.monotonic() - start >= settings.SMS_TIMEOUT_SECONDS
        raise DeliveryFailed(Delivery.Failure.TIMEOUT if is_slow else Delivery.Failure.REFUSED)
