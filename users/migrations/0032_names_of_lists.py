"""Lists are called in the menu as on their pages."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0031_no_last_digits")]

    operations = [
        migrations.AlterModelOptions(
            "auditrecord",
            {"ordering": ("-id",), "verbose_name": "audit record", "verbose_name_plural": "audit trail"},
        ),
        migrations.AlterModelOptions(
            "webhookdelivery",
            {
                "default_permissions": (),
                "ordering": ("-id",),
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries of events",
            },
        ),
    ]
