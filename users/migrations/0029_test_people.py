from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0028_webhooks")]

    operations = [
        migrations.AddField("user", "is_test", models.BooleanField(db_default=False, default=False, editable=False)),
    ]
