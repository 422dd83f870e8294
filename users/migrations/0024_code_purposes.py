import django.db.models.deletion
import django.utils.timezone
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0023_last_digits")]

    operations = [
        migrations.AddField(
            "confirmationcode",
            "purpose",
            models.CharField(
                choices=[
                    ("sign_in", "sign-in"),
                    ("change_number", "change of number"),
                    ("confirm", "confirmation"),
                ],
                db_default="sign_in",
                default="sign_in",
                max_length=20,
                verbose_name="purpose",
            ),
        ),
        migrations.AddField(
            "confirmationcode",
            "account",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("jwtfamily", "session_epoch", models.PositiveIntegerField(null=True)),
        migrations.CreateModel(
            name="NumberChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "former_number",
                    phonenumber_field.modelfields.PhoneNumberField(
                        max_length=16, region=None, verbose_name="phone number"
                    ),
                ),
                ("changed_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
    ]
