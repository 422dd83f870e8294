"""Hand-written SQL for hot paths: building a query with the ORM costs about 300 µs, running it about 20.

Everything else uses the ORM. Values are passed as Python objects.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import AutoField, Field, Model

M = TypeVar("M", bound=Model)
Row = Sequence[Any]


def execute(statement: str, *values: object) -> int:
    """Run a statement and return the number of rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _as_stored(values))
        return int(cursor.rowcount)


def rows(statement: str, *values: object) -> list[Any]:
    """Return the rows of a statement as tuples, unconverted."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _as_stored(values))
        return list(cursor.fetchall())


def find(model: type[M], statement: str, *values: object) -> list[M]:
    """Return the rows of a statement as instances of `model`; other columns are set as attributes."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _as_stored(values))
        read = _reader(model, tuple(column[0] for column in cursor.description))
        return [read(row) for row in cursor.fetchall()]


def find_one(model: type[M], statement: str, *values: object) -> M | None:
    return next(iter(find(model, statement, *values)), None)


def insert(record: Model, *, on_conflict: str = "") -> bool:
    """Insert a new row, set its id as `save` does, and send no signals. False if `on_conflict` prevented it."""
    statement = _insertion(type(record), on_conflict)
    inserted = rows(statement, *_values(record))
    for (pk,) in inserted:
        _set_saved(record, pk)
    return bool(inserted)


def insert_both(record: Model, other: Model, *, on_conflict: str = "", savepoint: bool = True) -> bool:
    """Insert two new rows as `insert` does, or none: False if `on_conflict` prevented `record`.

    PostgreSQL needs one round trip instead of four. SQLite inserts into one table in a statement. `savepoint`: a
    failure leaves the transaction around it usable, for two more round trips.
    """
    is_one_statement = connection.vendor == "postgresql"
    is_atomic = is_one_statement and not (savepoint and connection.in_atomic_block)
    with nullcontext() if is_atomic else transaction.atomic(savepoint=savepoint):
        if not is_one_statement:
            return insert(record, on_conflict=on_conflict) and insert(other)
        inserted = rows(_insertion_of_both(type(record), type(other), on_conflict), *_values(record), *_values(other))
    for second, first in inserted:
        _set_saved(record, first)
        _set_saved(other, second)
    return bool(inserted)


def _set_saved(record: Model, pk: object) -> None:
    record.pk = pk
    record._state.adding, record._state.db = False, connection.alias


def _values(record: Model) -> list[Any]:
    return [field.pre_save(record, add=True) for field in _fields(type(record))]


@cache
def _fields(model: type[Model]) -> "list[Field[Any, Any]]":
    return [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]


@cache
def _insertion_of_both(model: type[Model], other: type[Model], on_conflict: str) -> str:
    first = f"WITH first AS ({_insertion(model, on_conflict)})"
    return f"{first} {_insertion(other, '', for_each_of='first')}, (SELECT {model._meta.pk.column} FROM first)"  # noqa: S608


@cache
def _insertion(model: type[Model], on_conflict: str, for_each_of: str = "") -> str:
    """Return the statement that inserts a row, or one for each row of a table."""
    columns = [str(field.column) for field in _fields(model)]
    places = ", ".join(["%s"] * len(columns))
    source = f"SELECT {places} FROM {for_each_of}" if for_each_of else f"VALUES ({places})"  # noqa: S608
    return f"""
        INSERT INTO {model._meta.db_table} AS kept ({", ".join(columns)}) {source}
        {on_conflict.format(new_values=", ".join(f"{column} = excluded.{column}" for column in columns))}
        RETURNING {model._meta.pk.column}
    """


@cache
def _reader(model: type[M], columns: tuple[str, ...]) -> Callable[[Row], M]:
    """Return a function from row to instance, with the converters looked up once.

    `Manager.raw` looks them up for each query: 40 to 60 µs more per statement, 7 % of the CPU of a login.
    """
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
    """Convert times and UUIDs, for which SQLite has no types."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) else value
