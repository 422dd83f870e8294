from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0009_number_memory_and_jwt_sessions"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecretKeyProof",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                ("refused_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AlterField(
            model_name="delivery",
            name="last_failure",
            field=models.CharField(
                blank=True,
                choices=[
                    ("refused", "refused, or not reachable"),
                    ("timeout", "no answer in time"),
                    ("misconfigured", "wrong address in SMS_URL"),
                    ("not_queued", "the broker was gone"),
                    ("unreadable", "with another SECRET_KEY"),
                    ("too_late", "no worker came in time"),
                ],
                max_length=14,
                verbose_name="last failure",
            ),
        ),
    ]
