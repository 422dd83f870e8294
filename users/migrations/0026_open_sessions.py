import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import common.database.uuids


class Migration(migrations.Migration):
    dependencies = [("users", "0025_code_by_account")]

    operations = [
        migrations.CreateModel(
            name="UserSession",
            fields=[
                ("id", models.UUIDField(default=common.database.uuids.uuid7, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("token", "token"), ("jwt", "JWT pair"), ("web", "browser")], max_length=5
                    ),
                ),
                ("credential", models.CharField(max_length=128, unique=True)),
                ("device", models.CharField(blank=True, max_length=64)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                ("address_hint", models.CharField(blank=True, max_length=30)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_used_on", models.DateField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("confirmed_until", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="open_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
    ]
