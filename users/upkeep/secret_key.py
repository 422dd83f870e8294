"""Refuses workers that have another SECRET_KEY than the service: they could read no message."""

from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from common import digests
from users.models import SecretKeyProof

_PURPOSE = "users.secret_key"
#: A refused worker is started again within a minute, so that an older refusal has been mended.
_SHOWN_FOR = timedelta(minutes=15)


def store(**_kwargs: Any) -> None:
    """Remember the key of `manage.py migrate`; a receiver of `post_migrate`."""
    SecretKeyProof.objects.update_or_create(pk=1, defaults={"digest": digests.keyed(_PURPOSE, ""), "refused_at": None})


def is_accepted() -> bool:
    """Return False, and note it for the panel, if neither SECRET_KEY nor a fallback is the key of the service."""
    try:
        others = SecretKeyProof.objects.exclude(digest__in=digests.all_keyed(_PURPOSE, ""))
        return not others.update(refused_at=timezone.now())
    except DatabaseError:  # decided when the first message is read
        return True


def last_refusal() -> datetime | None:
    """Return when a worker was refused, if lately (UTC)."""
    since = timezone.now() - _SHOWN_FOR
    lately = SecretKeyProof.objects.filter(refused_at__gt=since).values_list("refused_at", flat=True)
    return lately.first()
