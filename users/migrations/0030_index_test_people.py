from django.db import migrations, models

from common.database.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    # The index is built while the table is written to.
    atomic = False

    dependencies = [("users", "0029_test_people")]

    operations = [
        AddIndexConcurrently(
            "user", models.Index(condition=models.Q(("is_test", True)), fields=["id"], name="user_test")
        ),
    ]
