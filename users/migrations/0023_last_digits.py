"""The last digits of numbers, for searches."""

from django.db import migrations, models
from django.db.models.functions import Right

from common.database.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    # The index is built while the table is written to.
    atomic = False

    dependencies = [("users", "0022_audit_of_deeds")]

    operations = [
        AddIndexConcurrently("user", models.Index(Right("phone_number", 4), name="user_by_last_digits")),
    ]
