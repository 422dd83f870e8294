"""Statements of what thousands do at once, written out: Django builds one in ten times the time the database takes.

Everything else is left to the ORM. Values are given as Python has them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import AutoField, Field, Model

M = TypeVar("M", bound=Model)
Row = Sequence[Any]


def execute(statement: str, *values: object) -> int:
    """Carry out a statement, and return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _as_stored(values))
        return int(cursor.rowcount)


def find(model: type[M], statement: str, *values: object) -> list[M]:
    """Return the rows that a statement finds or changes; what is no field of the model becomes an attribute."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _as_stored(values))
        read = _reader(model, tuple(column[0] for column in cursor.description))
        return [read(row) for row in cursor.fetchall()]


def find_one(model: type[M], statement: str, *values: object) -> M | None:
    return next(iter(find(model, statement, *values)), None)


def insert(record: Model, *, on_conflict: str = "") -> bool:
    """Save a new row, with its id but without signals; say whether there is one, which `on_conflict` may prevent."""
    fields, statement = _insertion(type(record), on_conflict)
    values = [field.pre_save(record, add=True) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, _as_stored(values))
        row = cursor.fetchone()
    if row:
        record.pk = row[0]
    return row is not None


@cache
def _insertion(model: type[Model], on_conflict: str) -> "tuple[list[Field[Any, Any]], str]":
    meta = model._meta
    fields = [field for field in meta.concrete_fields if not isinstance(field, AutoField)]
    columns = [str(field.column) for field in fields]
    statement = f"""
        INSERT INTO {meta.db_table} AS kept ({", ".join(columns)}) VALUES ({", ".join(["%s"] * len(columns))})
        {on_conflict.format(new_values=", ".join(f"{column} = excluded.{column}" for column in columns))}
        RETURNING {meta.pk.column}
    """  # noqa: S608  nothing but our own columns
    return fields, statement


@cache
def _reader(model: type[M], columns: tuple[str, ...]) -> Callable[[Row], M]:
    """Return what makes an instance of a row: `Manager.raw` finds out how for each result anew, in twice the time."""
    fields = [field for field in model._meta.concrete_fields if field.column in columns]
    names = [field.attname for field in fields]
    places = [columns.index(str(field.column)) for field in fields]
    expressions = [field.get_col(model._meta.db_table) for field in fields]
    conversions = [
        (nth, convert, expression)
        for nth, expression in enumerate(expressions)
        for convert in (*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection))
    ]
    others = [(place, name) for place, name in enumerate(columns) if place not in places]

    def read(row: Row) -> M:
        values = [row[place] for place in places]
        for nth, convert, expression in conversions:
            values[nth] = convert(values[nth], expression, connection)
        record = model.from_db(connection.alias, names, values)
        for place, name in others:
            setattr(record, name, row[place])
        return record

    return read


def _as_stored(values: Sequence[Any]) -> Sequence[Any]:
    return values if connection.vendor == "postgresql" else [_for_sqlite(value) for value in values]


def _for_sqlite(value: Any) -> Any:
    """Return what stands for a value there: it has a type neither for times nor for UUIDs."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) else value
