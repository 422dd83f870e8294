"""Lookups that an index serves on both databases."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField
from django.db.models.lookups import StartsWith

_LAST_CHARACTER = "\U0010ffff"


class Prefix(StartsWith):
    """`column__prefix=text`: `startswith`, but on SQLite with letter case, and as a range of the index.

    On PostgreSQL the index has the operator class `varchar_pattern_ops`.
    """

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"({column} >= %s AND {column} < %s)", [*parameters, self.rhs, *parameters, self.rhs + _LAST_CHARACTER]


CharField.register_lookup(Prefix, "prefix")
