from django.db import migrations, models

from common.database.operations import ForbidNull
from common.database.uuids import UUID7, uuid7


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0016_unique_external_id")]

    operations = [
        ForbidNull(
            "user",
            "public_id",
            models.UUIDField(db_default=UUID7(), default=uuid7, editable=False, verbose_name="public id"),
        )
    ]
