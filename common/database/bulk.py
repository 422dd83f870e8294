"""Inserting and finding many rows at once, without what the ORM does for each of them.

On PostgreSQL the values of each column are one array: psycopg2 has no COPY for connections that wait by a callback, as
ours do.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from common.database import sql

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\""})


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


#: Elements of an array in the text format of PostgreSQL; of other types, such as a phone number, as of `str`.
_AS_TEXT: Mapping[type, Callable[[Any], str]] = {
    int: str,
    UUID: str,
    datetime: datetime.isoformat,
    bool: lambda value: "t" if value else "f",
    type(None): lambda _: "NULL",
}


def insert(records: Sequence[Model]) -> None:
    """Insert new rows of one model and set their ids, as `bulk_create` does. Raises `IntegrityError`."""
    if not records:
        return
    model = type(records[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(records)
        return
    meta, fields = model._meta, model._meta.concrete_fields
    drawn = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
    for record, (pk,) in zip(records, sql.rows(drawn, meta.db_table, meta.pk.column, len(records)), strict=True):
        record.pk = pk
    arrays = [_array([field.pre_save(record, True) for record in records]) for field in fields]
    columns = ", ".join(str(field.column) for field in fields)
    values = ", ".join(f"%s::{_type_of(field)}[]" for field in fields)
    sql.execute(f"INSERT INTO {meta.db_table} ({columns}) SELECT * FROM unnest({values})", *arrays)  # noqa: S608
    for record in records:
        record._state.adding, record._state.db = False, connection.alias


def found(model: type[Model], column: str, values: Sequence[object], *, wanted: str = "") -> list[Any]:
    """Return `wanted` (columns, by default `column`) of the rows whose `column` is one of these values, as tuples."""
    if not values:
        return []
    head = f"SELECT {wanted or column} FROM {model._meta.db_table} WHERE {column}"  # noqa: S608  names only
    if connection.vendor == "postgresql":
        return sql.rows(f"{head} = ANY(%s::{_type_of(model._meta.get_field(column))}[])", _array(values))
    return sql.rows(f"{head} IN ({', '.join(['%s'] * len(values))})", *values)


def _type_of(field: Any) -> str:
    """Return the type of a column without its length: a cast would cut longer texts off, an insert refuses them."""
    return str(field.cast_db_type(connection)).partition("(")[0]


def _array(values: Sequence[Any]) -> str:
    return "{" + ",".join([_AS_TEXT.get(type(value), _quoted)(value) for value in values]) + "}"
