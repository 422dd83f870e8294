from django.db import migrations, models

from common.database.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0024_code_purposes")]

    operations = [
        AddIndexConcurrently(
            "confirmationcode",
            models.Index(condition=models.Q(("account__isnull", False)), fields=["account"], name="code_by_account"),
        )
    ]
