"""What must not reach production: `manage.py check --deploy` fails on it, and the containers do not start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from users import sms


@register(Tags.security, deploy=True)
def check_sign_in_is_safe(**_kwargs: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    if settings.DEBUG:
        return errors
    if settings.CONFIRMATION_CODE_EXPOSED:
        errors.append(
            Error(
                "Answers contain the confirmation code: anybody can sign in as anybody.",
                hint="Unset CONFIRMATION_CODE_EXPOSED.",
                id="users.E001",
            )
        )
    if settings.SMS_URL.startswith(sms.CONSOLE):
        errors.append(
            Error(
                "Codes are printed by the simulated gateway and reach no phone.",
                hint="Set SMS_URL to a gateway, for example json://gateway.example/send?:phone={phone}.",
                id="users.E002",
            )
        )
    elif "{phone}" not in settings.SMS_URL:
        errors.append(
            Error(
                "SMS_URL does not say where the phone number goes: every code would reach one and the same phone.",
                hint="Put {phone} where the gateway expects the recipient.",
                id="users.E003",
            )
        )
    return errors
