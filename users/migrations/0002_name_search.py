from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def add_index(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Serve `username__istartswith`: the ORM has no index with both an expression and an operator class for SQLite."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE INDEX user_by_name ON users_user (UPPER(username) varchar_pattern_ops)")


def drop_index(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX user_by_name")


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]

    operations = [migrations.RunPython(add_index, drop_index)]
