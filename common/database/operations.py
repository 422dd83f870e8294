"""Operations of migrations on large tables."""

from typing import Any, ClassVar, cast

from django.contrib.postgres import operations
from django.db.migrations import AddConstraint, AddIndex, AlterField, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.models import UniqueConstraint


class _BesideWriters:
    """Mixin for an operation of PostgreSQL during which others write; SQLite, which has one writer, runs `plain`.

    The migration must not be atomic.
    """

    plain: ClassVar[type[Operation]]

    def database_forwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, *states)  # type: ignore[misc]
        else:
            self.plain.database_forwards(cast("Operation", self), app_label, schema_editor, *states)

    def database_backwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, *states)  # type: ignore[misc]
        else:
            self.plain.database_backwards(cast("Operation", self), app_label, schema_editor, *states)


class AddIndexConcurrently(_BesideWriters, operations.AddIndexConcurrently):
    plain = AddIndex


class RemoveIndexConcurrently(_BesideWriters, operations.RemoveIndexConcurrently):
    plain = RemoveIndex


class AddUniqueConstraintConcurrently(AddConstraint):
    """Adds a unique constraint while the table is written to; on SQLite as `AddConstraint` does.

    The migration must not be atomic. It can be repeated after it was interrupted.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        constraint = cast("UniqueConstraint", self.constraint)
        model = to_state.apps.get_model(app_label, self.model_name)
        quote = schema_editor.quote_name
        table, name = quote(model._meta.db_table), quote(constraint.name)
        columns = ", ".join(quote(model._meta.get_field(field).column) for field in constraint.fields)
        index = f"CREATE UNIQUE INDEX {name} ON {table} ({columns})"
        if constraint.condition is not None:  # then Django makes an index instead of a constraint
            index = str(constraint.create_sql(model, schema_editor))
        # An interrupted build leaves an invalid index.
        schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        schema_editor.execute(index.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1))
        if constraint.condition is None:
            schema_editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")


class ForbidNull(AlterField):
    """Makes a filled column NOT NULL, with its rows checked while the table is written to.

    The migration must not be atomic.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        quote = schema_editor.quote_name
        column = model._meta.get_field(self.name).column
        change = f"ALTER TABLE {quote(model._meta.db_table)}"
        check = quote(f"{column}_is_there")
        schema_editor.execute(f"{change} DROP CONSTRAINT IF EXISTS {check}")
        schema_editor.execute(f"{change} ADD CONSTRAINT {check} CHECK ({quote(column)} IS NOT NULL) NOT VALID")
        # This reads the table without blocking writers; SET NOT NULL then relies on the check.
        schema_editor.execute(f"{change} VALIDATE CONSTRAINT {check}")
        schema_editor.execute(f"{change} ALTER COLUMN {quote(column)} SET NOT NULL")
        schema_editor.execute(f"{change} DROP CONSTRAINT {check}")
