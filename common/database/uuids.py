"""Time-ordered UUIDs: version 7 (RFC 9562, section 5.7). They tell when a row was made, to the millisecond."""

import uuid
from datetime import datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, UUIDField
from django.db.models.functions import Now
from uuid_utils import compat

#: Version, variant and what is random, behind the 48 bits of the time.
_BITS = 80
_ON_POSTGRESQL = """
    CAST(
        lpad(to_hex(CAST(floor(extract(epoch FROM %(expressions)s) * 1000) AS bigint)), 12, '0')
        || '7' || substr(replace(CAST(gen_random_uuid() AS text), '-', ''), 14) AS uuid
    )
"""
# `char(37)` is the percent sign: drivers would read it as a placeholder.
_ON_SQLITE = """
    (
        printf(char(37) || '012x', CAST((julianday(%(expressions)s) - 2440587.5) * 86400000 AS integer))
        || '7' || lower(substr(hex(randomblob(2)), 2))
        || substr('89ab', 1 + (random() & 3), 1) || lower(substr(hex(randomblob(8)), 2))
    )
"""


def uuid7(time: datetime | None = None) -> uuid.UUID:
    """Return a UUID of a time since 1970, by default of now."""
    new: uuid.UUID = compat.uuid7()
    if time is None:
        return new
    return uuid.UUID(int=int(time.timestamp() * 1_000) << _BITS | new.int % (1 << _BITS))


class UUID7(Func):
    """A UUID of the time of an expression, by default of now: the default of a column that a writer leaves out."""

    output_field: Any = UUIDField()
    template = _ON_POSTGRESQL

    def __init__(self, time: Any = None) -> None:
        super().__init__(Now() if time is None else time)

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return super().as_sql(compiler, connection, **{**context, "template": _ON_SQLITE})
