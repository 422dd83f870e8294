"""The second factor of staff: an authenticator app, and its setup in the panel."""

import re
from base64 import b32decode
from collections.abc import Callable

from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

PAGE = "/admin/second-factor/"


def authenticator(secret: str) -> Callable[[], str]:
    """Return an authenticator app: a function that returns the current code."""

    def show() -> str:
        totp = TOTP(b32decode(secret))
        totp.time = timezone.now().timestamp()
        return f"{totp.token():06}"

    return show


def set_up(client: Client) -> tuple[Callable[[], str], list[str]]:
    """Complete the setup; return the authenticator app and the recovery codes."""
    html = client.get(PAGE).content.decode()
    found = re.search(r'id="secret">([A-Z2-7]+)<', html)
    assert found
    app = authenticator(found.group(1))
    shown = client.post(PAGE, {"code": app()}).content.decode()
    return app, re.findall(r"<li>(\w+)</li>", shown)
