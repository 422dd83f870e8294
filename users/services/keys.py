"""Service keys: made, found and revoked here only.

A key is `rsk_`, 8 characters that are shown to tell keys apart, `_`, and 43 secret ones (256 bits). Its SHA-256 digest
is stored, without a key of SECRET_KEY: 256 random bits can't be guessed from a digest, and a new SECRET_KEY must not
cut off the programs of the host.
"""

import logging
import secrets
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network

from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from users.models import Scope, ServiceAccount, ServiceKey, User
from users.models.services import KEY_PREFIX_LENGTH
from users.refusals import ServiceKeyInvalid

logger = logging.getLogger(__name__)

DAYS, MOST_DAYS = 365, 3_650
_ALPHABET = string.ascii_letters + string.digits
_SHOWN, _SECRET = 8, 43
_WRITTEN_ONCE_IN = timedelta(hours=1)


@dataclass(frozen=True)
class IssuedKey:
    """A new key; `clear` exists here only and is not stored."""

    record: ServiceKey
    clear: str = field(repr=False)


def create_account(*, name: str, scopes: Iterable[Scope | str], created_by: User | None = None) -> ServiceAccount:
    """Create an account. Raises `ValueError` for an unknown scope."""
    known = sorted({Scope(scope).value for scope in scopes})
    return ServiceAccount.objects.create(name=name, scopes=known, created_by=created_by)


@sensitive_variables("clear")
def issue(*, account: ServiceAccount, days: int = DAYS, networks: Sequence[str] = ()) -> IssuedKey:
    """Make a key that is valid for some days, beside those that the account has; `networks` are in CIDR notation."""
    clear = f"rsk_{_random(_SHOWN)}_{_random(_SECRET)}"
    record = ServiceKey.objects.create(
        account=account,
        prefix=clear[:KEY_PREFIX_LENGTH],
        digest=_digest(clear),
        expires_at=timezone.now() + timedelta(days=days),
        networks=[str(ip_network(network)) for network in networks],
    )
    return IssuedKey(record, clear)


@sensitive_variables("clear")
def find(*, clear: str, client_address: str) -> ServiceKey:
    """Return the valid key, with its account, in one query by the digest. Raises `ServiceKeyInvalid`.

    `client_address` comes from `client_address_of`.
    """
    now = timezone.now()
    valid = ServiceKey.objects.filter(revoked_at=None, expires_at__gt=now, account__is_active=True)
    key = valid.select_related("account").filter(digest=_digest(clear)).first()
    if key is None:
        raise ServiceKeyInvalid
    if key.networks and not _is_within(client_address, key.networks):
        logger.warning("The service key %s was sent from outside of its networks", key.prefix)
        raise ServiceKeyInvalid
    before = now - _WRITTEN_ONCE_IN
    if key.last_used_at is None or key.last_used_at < before:
        # The condition again: of concurrent requests one writes.
        stale = ServiceKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=before), pk=key.pk)
        stale.update(last_used_at=now)
    return key


def revoke(*, key: ServiceKey) -> bool:
    """Make a key invalid at once; False if it was revoked before."""
    return bool(ServiceKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()))


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _digest(clear: str) -> str:
    return sha256(clear.encode()).hexdigest()


def _is_within(client_address: str, networks: Iterable[str]) -> bool:
    try:
        address = ip_address(client_address)
    except ValueError:
        return False
    return any(address in ip_network(network) for network in networks)
