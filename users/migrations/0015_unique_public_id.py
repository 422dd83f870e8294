from django.db import migrations, models

from common.database.operations import AddUniqueConstraintConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0014_fill_public_ids")]

    operations = [
        AddUniqueConstraintConcurrently("user", models.UniqueConstraint(fields=("public_id",), name="user_public_id"))
    ]
