"""Requests that are sent twice and carried out once: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

A key is stored as a digest, the answer encrypted by a key derived from it: nobody else can read the answer. Refused
requests are forgotten, so that they can be repeated. A new SECRET_KEY makes the keys before it unknown.
"""

import json
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from cryptography.fernet import Fernet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common import digests
from common.database import sql
from users.models import IdempotencyKey
from users.refusals import Refusal

LIFETIME = timedelta(hours=24)
#: Longer than any request takes: gunicorn ends one after 30 s.
_LEASE = timedelta(minutes=1)
PATTERN = "^[!-~]{1,255}$"
_PURPOSE, _BODY_PURPOSE = "users.idempotency", "users.idempotency.body"
_CLAIM = """
    INSERT INTO users_idempotencykey AS kept (digest, fingerprint, sealed_answer, claimed_until, expires_at)
    VALUES (%s, %s, '', %s, %s)
    ON CONFLICT (digest) DO UPDATE SET fingerprint = excluded.fingerprint, sealed_answer = '',
        claimed_until = excluded.claimed_until, expires_at = excluded.expires_at
    WHERE kept.expires_at <= %s OR (kept.sealed_answer = '' AND kept.claimed_until <= %s)
"""


class IdempotencyKeyInvalid(Refusal):
    code = "idempotency_key_invalid"
    message = _("An Idempotency-Key has 1 to 255 visible ASCII characters.")


class IdempotencyKeyReused(Refusal):
    code = "idempotency_key_reused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    message = _("This Idempotency-Key came with another request before.")


class IdempotencyKeyInUse(Refusal):
    code = "idempotency_key_in_use"
    status = HTTPStatus.CONFLICT
    message = _("The first request with this Idempotency-Key has not been answered yet.")


REFUSALS = (IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyKeyInUse)


@dataclass(frozen=True)
class Attempt:
    """A request with a key. `answer` is that of the first one, if it was carried out before."""

    digest: str
    seal: Fernet = field(repr=False)
    answer: dict[str, Any] | None = None

    def keep(self, answer: dict[str, Any]) -> None:
        sealed = self.seal.encrypt(json.dumps(answer).encode()).decode()
        IdempotencyKey.objects.filter(pk=self.digest).update(sealed_answer=sealed)

    def forget(self) -> None:
        """Let the request be repeated: it was refused, or it failed."""
        IdempotencyKey.objects.filter(pk=self.digest, sealed_answer="").delete()


def begin(*, typed: str, caller: str, operation: str, body: Any) -> Attempt:
    """Claim a key for a request of `caller`, outside of a transaction. Raises one of `REFUSALS`.

    `typed` is the header: a string in quotation marks (RFC 8941), or without them.
    """
    key = typed.removeprefix('"').removesuffix('"')
    if not re.fullmatch(PATTERN, key):
        raise IdempotencyKeyInvalid
    name = f"{caller} {operation} {key}"
    digest = digests.keyed(_PURPOSE, name)
    fingerprint = digests.keyed(_BODY_PURPOSE, json.dumps(body, sort_keys=True))
    secret = bytes.fromhex(digests.keyed(f"{_PURPOSE}.answer", name))
    seal = Fernet(urlsafe_b64encode(secret))
    now = timezone.now()
    # Under concurrency exactly one request claims the key.
    if sql.execute(_CLAIM, digest, fingerprint, now + _LEASE, now + LIFETIME, now, now):
        return Attempt(digest, seal)
    kept = IdempotencyKey.objects.filter(pk=digest).first()
    if kept is not None and kept.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    if kept is None or not kept.sealed_answer:  # None: the first one was refused a moment ago
        raise IdempotencyKeyInUse
    return Attempt(digest, seal, json.loads(seal.decrypt(kept.sealed_answer.encode())))
