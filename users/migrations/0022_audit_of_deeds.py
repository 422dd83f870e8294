"""The audit trail without what was only read."""

from django.db import migrations, models

from common.database.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    # The index is built while the table is written to.
    atomic = False

    dependencies = [("users", "0021_actions_of_staff")]

    operations = [
        AddIndexConcurrently(
            "auditrecord",
            models.Index(fields=["id"], name="audit_of_deeds", condition=~models.Q(action__in=("viewed", "listed"))),
        ),
    ]
