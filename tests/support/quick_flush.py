"""Empties the database after a transactional test without creating permissions and content types again."""

from typing import Any

import pytest
from django.core.management.commands import flush

#: Filled by the migrations and changed by no test.
KEPT_TABLES = {"auth_permission", "django_content_type"}


def install_quick_flush(patch: pytest.MonkeyPatch) -> None:
    """Make Django's flush three times as fast: nothing has to be done after it, as after a migration."""
    patch.setattr(flush, "sql_flush", _statements)
    patch.setattr(flush, "emit_post_migrate_signal", lambda *_arguments, **_options: None)


def _statements(style: Any, connection: Any, **_options: Any) -> list[str]:
    existing = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [table for table in existing if table not in KEPT_TABLES]
    if connection.vendor != "postgresql":
        return list(connection.ops.sql_flush(style, tables))
    # TRUNCATE replaces the files of every table: for a few rows, deleting is faster. A replica checks no foreign keys.
    deletions = [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]
    return ["; ".join(["SET LOCAL session_replication_role = replica", *deletions])]
