"""Ids for the API: a UUID for each user, and the id that the host has given. The service runs meanwhile.

Row numbers stay as they are. What an older release inserts gets its UUID from the database.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F

import users.validators
from common.database.operations import AddUniqueConstraintConcurrently, ForbidNull
from common.database.uuids import UUID7, uuid7

ROWS_AT_ONCE = 5_000
PUBLIC_ID = {"db_default": UUID7(), "default": uuid7, "editable": False, "verbose_name": "public id"}


def fill(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the ids in batches, each in its own transaction, by the time of the registration."""
    users, last = apps.get_model("users", "User").objects, 0
    while True:
        batch = users.filter(pk__gt=last, public_id=None).order_by("pk").values_list("pk", flat=True)
        rows = list(batch[:ROWS_AT_ONCE])
        users.filter(pk__in=rows, public_id=None).update(public_id=UUID7(F("registered_at")))
        if len(rows) < ROWS_AT_ONCE:
            return
        last = rows[-1]


class Migration(migrations.Migration):
    # Each batch commits, and indexes are built while the table is written to.
    atomic = False

    dependencies = [("users", "0012_service_keys")]

    operations = [
        # First without a default, then with one for new rows: PostgreSQL would write the whole table at once.
        migrations.AddField("user", "public_id", models.UUIDField(null=True, editable=False)),
        migrations.AlterField("user", "public_id", models.UUIDField(null=True, **PUBLIC_ID)),
        migrations.AddField(
            "user",
            "external_id",
            models.CharField(
                blank=True,
                max_length=128,
                null=True,
                validators=[users.validators.validate_external_id],
                verbose_name="external id",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddUniqueConstraintConcurrently("user", models.UniqueConstraint(fields=("public_id",), name="user_public_id")),
        AddUniqueConstraintConcurrently(
            "user",
            models.UniqueConstraint(
                condition=models.Q(("external_id__isnull", False)),
                fields=("external_id",),
                name="user_external_id",
                violation_error_message="Another person has this external id.",
            ),
        ),
        ForbidNull("user", "public_id", models.UUIDField(**PUBLIC_ID)),
    ]
