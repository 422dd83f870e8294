"""Actions of staff on people."""

from django.db import migrations, models

ACTIONS = [
    ("signed_in", "signed in"),
    ("viewed", "viewed"),
    ("listed", "listed"),
    ("created", "created"),
    ("changed", "changed"),
    ("deleted", "deleted"),
    ("exported", "exported"),
    ("blocked", "blocked"),
    ("unblocked", "unblocked"),
    ("signed_out", "signed out everywhere"),
    ("unlocked", "unlocked the number"),
    ("code_sent", "sent a code"),
    ("noted", "noted"),
    ("token_reused", "used a refresh token twice: the session ended"),
]


class Migration(migrations.Migration):
    dependencies = [("users", "0020_events")]

    operations = [
        migrations.AlterField(
            "auditrecord", "action", models.CharField(choices=ACTIONS, max_length=20, verbose_name="action")
        ),
    ]
