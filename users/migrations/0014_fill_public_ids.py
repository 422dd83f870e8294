"""The public ids of users who registered before, by the time of the registration, while the service runs."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F

from common.database.uuids import UUID7

ROWS_AT_ONCE = 5_000


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    """Fill the ids in batches, each in its own transaction."""
    users, last = apps.get_model("users", "User").objects, 0
    while True:
        batch = users.filter(pk__gt=last, public_id=None).order_by("pk").values_list("pk", flat=True)
        rows = list(batch[:ROWS_AT_ONCE])
        users.filter(pk__in=rows, public_id=None).update(public_id=UUID7(F("registered_at")))
        if len(rows) < ROWS_AT_ONCE:
            return
        last = rows[-1]


class Migration(migrations.Migration):
    # Each batch commits.
    atomic = False

    dependencies = [("users", "0013_public_ids")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
