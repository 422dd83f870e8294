"""Rows about the tokens and the JWT sessions that are open, while the service runs; browsers get one when they come."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

from common.database.uuids import uuid7

ROWS_AT_ONCE = 1_000


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    """Insert the rows in batches, each in its own transaction; those that are there stay."""
    UserSession = apps.get_model("users", "UserSession")
    rows = (UserSession(id=uuid7(row["created_at"]), **row) for row in _open_sessions(apps, timezone.now()))
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        UserSession.objects.bulk_create(batch, ignore_conflicts=True)


def _open_sessions(apps: Apps, now: datetime) -> Iterator[dict[str, Any]]:
    tokens = apps.get_model("knox", "AuthToken").objects.filter(expiry__gt=now)
    for digest, user_id, created, expiry in _by_batches(tokens, "digest", "user_id", "created", "expiry"):
        yield _row("token", digest, user_id, created, expiry)
    families = apps.get_model("users", "JWTFamily").objects.filter(expires_at__gt=now, ended_at=None)
    for family, user_id, renewed_at, expires_at in _by_batches(families, "id", "user_id", "renewed_at", "expires_at"):
        yield _row("jwt", family.hex, user_id, renewed_at, expires_at)


def _by_batches(rows: Any, key: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    ordered = rows.order_by(key).values_list(key, *columns)
    batch = list(ordered[:ROWS_AT_ONCE])
    while batch:
        yield from batch
        batch = list(ordered.filter(**{f"{key}__gt": batch[-1][0]})[:ROWS_AT_ONCE])


def _row(kind: str, credential: str, user_id: int, created_at: datetime, expires_at: datetime) -> dict[str, Any]:
    return {
        "kind": kind,
        "credential": credential,
        "user_id": user_id,
        "created_at": created_at,
        "last_used_on": created_at.date(),
        "expires_at": expires_at,
    }


class Migration(migrations.Migration):
    # Each batch commits.
    atomic = False

    dependencies = [("users", "0026_open_sessions"), ("knox", "0009_extend_authtoken_field")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
