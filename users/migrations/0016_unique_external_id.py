from django.db import migrations, models

from common.database.operations import AddUniqueConstraintConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0015_unique_public_id")]

    operations = [
        AddUniqueConstraintConcurrently(
            "user",
            models.UniqueConstraint(
                condition=models.Q(("external_id__isnull", False)),
                fields=("external_id",),
                name="user_external_id",
                violation_error_message="Another person has this external id.",
            ),
        )
    ]
