"""Ids for the API: a UUID for each user, and the id that the host has given. Row numbers stay as they are.

The UUID comes first without a default, then with one for new rows: with it at once PostgreSQL would write the whole
table. What an older release inserts gets its UUID from the database.
"""

from django.db import migrations, models

import users.validators
from common.database.uuids import UUID7, uuid7


class Migration(migrations.Migration):
    dependencies = [("users", "0012_service_keys")]

    operations = [
        migrations.AddField("user", "public_id", models.UUIDField(null=True, editable=False)),
        migrations.AlterField(
            "user",
            "public_id",
            models.UUIDField(db_default=UUID7(), default=uuid7, editable=False, null=True, verbose_name="public id"),
        ),
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
    ]
