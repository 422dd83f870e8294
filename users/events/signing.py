"""Secrets of webhooks, and signatures by them (https://www.standardwebhooks.com)."""

import secrets
from base64 import b64encode
from contextlib import suppress
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from standardwebhooks import Webhook as Signer

from common import sealing
from users.models import Webhook

PREFIX = "whsec_"
_BYTES = 24
_PURPOSE = "users.webhooks"
FORMER_SIGNS_FOR = timedelta(hours=24)


class SecretUnreadable(Exception):
    """The secret was encrypted with a SECRET_KEY that this process does not have."""


@sensitive_variables("clear")
def set_new_secret(webhook: Webhook) -> str:
    """Give a webhook a new secret and return it; one that it has signs along for a day. The caller saves the row."""
    clear = PREFIX + b64encode(secrets.token_bytes(_BYTES)).decode()
    if webhook.sealed_secret:
        webhook.sealed_former_secret = webhook.sealed_secret
        webhook.former_secret_until = timezone.now() + FORMER_SIGNS_FOR
    webhook.sealed_secret = sealing.cipher(_PURPOSE).encrypt(clear.encode()).decode()
    return clear


class Signatures:
    """Signs the requests of one webhook, by its secret and by the former one while that is valid."""

    def __init__(self, webhook: Webhook) -> None:
        sealed = [webhook.sealed_secret]
        if webhook.former_secret_until and timezone.now() < webhook.former_secret_until:
            sealed.append(webhook.sealed_former_secret)
        try:
            self._signers = [Signer(sealing.cipher(_PURPOSE).decrypt(each).decode()) for each in sealed]
        except InvalidToken:
            raise SecretUnreadable from None

    def headers(self, message_id: str, body: str, *, at: datetime) -> dict[str, str]:
        """Return the headers that sign a body; `at` is the time (UTC) of this attempt."""
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(message_id, at, body) for signer in self._signers),
        }


def seal_again() -> None:
    """Encrypt the secrets of all webhooks by today's SECRET_KEY, so that the former one can be taken away."""
    cipher = sealing.cipher(_PURPOSE)
    for webhook in Webhook.objects.all():
        stored = webhook.sealed_secret
        with suppress(InvalidToken):
            # The condition: a new secret was made meanwhile.
            Webhook.objects.filter(pk=webhook.pk, sealed_secret=stored).update(
                sealed_secret=cipher.rotate(stored).decode(),
                sealed_former_secret=_rotated(webhook.sealed_former_secret),
            )


def _rotated(sealed: str) -> str:
    return sealing.cipher(_PURPOSE).rotate(sealed).decode() if sealed else ""
