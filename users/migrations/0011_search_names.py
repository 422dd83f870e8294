"""Names as searches compare them, the times of changes, and the browser that used a code."""

from django.apps.registry import Apps
from django.db import migrations, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Now

from common.database.operations import AddIndexConcurrently
from users.search_names import search_name

ROWS_AT_ONCE = 1_000


def fill(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill both columns in batches, each in a transaction. When users last changed is not known: they registered."""
    users, last = apps.get_model("users", "User").objects.order_by("pk"), 0
    while True:
        with transaction.atomic():
            rows = users.select_for_update().filter(pk__gt=last, search_name=None)
            batch = list(rows.only("username", "registered_at")[:ROWS_AT_ONCE])
            for user in batch:
                user.search_name, user.updated_at = search_name(user.username), user.registered_at
            users.bulk_update(batch, ["search_name", "updated_at"])
        if len(batch) < ROWS_AT_ONCE:
            return
        last = batch[-1].pk


def drop_index(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS user_by_name")


def add_index(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE INDEX CONCURRENTLY user_by_name ON users_user (UPPER(username) varchar_pattern_ops)"
        )


class Migration(migrations.Migration):
    # Each batch commits, and indexes are built while the table is written to.
    atomic = False

    dependencies = [("users", "0010_secret_key_proof")]

    operations = [
        migrations.AddField("user", "search_name", models.CharField(editable=False, max_length=150, null=True)),
        migrations.AddField(
            "user", "updated_at", models.DateTimeField(auto_now=True, db_default=Now(), verbose_name="last changed")
        ),
        migrations.AddField(
            "confirmationcode",
            "used_by",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexConcurrently("user", models.Index(fields=["updated_at", "id"], name="user_by_change")),
        AddIndexConcurrently(
            "user",
            models.Index(fields=["search_name"], name="user_by_search_name", opclasses=("varchar_pattern_ops",)),
        ),
        # It served the search of the release before, by `UPPER(username)`.
        migrations.RunPython(drop_index, add_index),
    ]
