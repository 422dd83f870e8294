"""Deployment checks (`manage.py check --deploy`); the containers don't start if one fails."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from users.people import jwt_keys
from users.sms import channels


@register(Tags.security, deploy=True)
def check_sign_in_is_safe(**_kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG:
        return []
    found = channels.channels()
    errors: list[CheckMessage] = [error for channel in found if (error := _error_of(channel))]
    if not found:
        errors.append(Error("SMS_URL is empty: no code can be sent.", hint="Name a gateway.", id="users.E004"))
    if settings.CONFIRMATION_CODE_EXPOSED:
        errors.append(
            Error(
                "Answers contain the confirmation code: anybody can sign in as anybody.",
                hint="Unset CONFIRMATION_CODE_EXPOSED.",
                id="users.E001",
            )
        )
    public = urlsplit(settings.PUBLIC_URL)
    if settings.HTTPS and public.scheme != "https":
        errors.append(
            Error("PUBLIC_URL begins with http, but HTTPS is on.", hint="Begin it with https.", id="users.E007")
        )
    if not validate_host(public.hostname or "", settings.ALLOWED_HOSTS):
        errors.append(
            Error(
                "The host of PUBLIC_URL is not in ALLOWED_HOSTS: every link would be answered with 400.",
                hint="Add it, or leave ALLOWED_HOSTS away: its default is this host.",
                id="users.E008",
            )
        )
    try:
        jwt_keys.signing_keys()
    except ImproperlyConfigured as wrong:
        errors.append(Error(str(wrong), hint="Set JWT_SIGNING_KEYS: see docs/operations.md.", id="users.E009"))
    if settings.TEST_PHONE_NUMBERS:
        count, last = len(settings.TEST_PHONE_NUMBERS), max(day for _, day in settings.TEST_PHONE_NUMBERS.values())
        errors.append(
            Caution(
                f"A fixed code opens the accounts of {count} numbers in TEST_PHONE_NUMBERS, at most until {last}.",
                hint="Remove them once the app store has reviewed the app.",
                id="users.W010",
            )
        )
    if settings.WEBHOOKS_ALLOW_PRIVATE:
        errors.append(
            Error(
                "Webhooks may lead into the private network, and need no HTTPS.",
                hint="Unset WEBHOOKS_ALLOW_PRIVATE.",
                id="users.E010",
            )
        )
    if settings.BROKER_VISIBILITY_TIMEOUT_SECONDS * 2 > settings.CONFIRMATION_CODE_LIFETIME_SECONDS:
        errors.append(
            Caution(
                "What a killed worker was about to send comes back when its code has hardly any life left.",
                hint="Set BROKER_VISIBILITY_TIMEOUT_SECONDS to less than half of CONFIRMATION_CODE_LIFETIME_SECONDS.",
                id="users.W006",
            )
        )
    return errors


def _error_of(channel: channels.Channel) -> CheckMessage | None:
    """Return the error in one URL of SMS_URL, if any, without the URL: it contains a password."""
    if channel.is_simulated:
        return Error(
            "Codes are printed by the simulated gateway and reach no phone.",
            hint="Set SMS_URL to a gateway, for example json://gateway.example/send?:phone={phone}.",
            id="users.E002",
        )
    if channels.PHONE not in channel.url:
        return Error(
            f"{channel.name} in SMS_URL does not say where the phone number goes: every code would reach one phone.",
            hint="Put {phone} where the gateway expects the recipient.",
            id="users.E003",
        )
    if channels.gateway_at(channel.url_for("+79990000000")) is None:
        return Error(
            f"{channel.name} in SMS_URL is not an address that apprise understands.",
            hint="See https://github.com/caronc/apprise/wiki; several addresses are parted by spaces.",
            id="users.E005",
        )
    return None
