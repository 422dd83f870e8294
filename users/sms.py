"""Channels that carry a message to a phone, picked by SMS_URL."""

import random
import re
import sys
import time
from urllib.parse import quote

import apprise
from django.conf import settings

CONSOLE = "console:"


class DeliveryFailed(Exception):
    """The gateway did not take the message. Says nothing of its text."""


def send(*, phone_number: str, text: str) -> None:
    """Hand `text` to the gateway for `phone_number` (E.164). Raises `DeliveryFailed`."""
    if settings.SMS_URL.startswith(CONSOLE):
        _print(phone_number, text)
    else:
        _notify(settings.SMS_URL.replace("{phone}", quote(phone_number)), text)


def _print(phone_number: str, text: str) -> None:
    """Pretend to be a gateway: take as long as one, then show the message, its digits only while codes are exposed."""
    time.sleep(random.uniform(settings.CONSOLE_SMS_MIN_DELAY_SECONDS, settings.CONSOLE_SMS_MAX_DELAY_SECONDS))
    shown = text if settings.CONFIRMATION_CODE_EXPOSED else re.sub(r"\d", "*", text)
    sys.stdout.write(f"SMS to {phone_number}: {shown}\n")
    sys.stdout.flush()


def _notify(url: str, text: str) -> None:
    gateway = apprise.Apprise()
    if not gateway.add(url):
        raise DeliveryFailed("SMS_URL names no gateway that is known")
    if not gateway.notify(body=text):
        raise DeliveryFailed("the gateway refused the message or did not answer")
