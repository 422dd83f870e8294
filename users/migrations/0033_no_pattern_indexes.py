"""Drop indexes for searches by pattern, which Django adds to unique text: nothing searches these columns so."""

from typing import Any

from django.db import migrations

INDEXES = (
    "django_session_session_key_c0390e0f_like",
    "knox_authtoken_digest_188c7e77_like",
    "knox_authtoken_token_key_8f4f7d47_like",
    "users_confirmationcode_known_phone_number_b9e96fb9_like",
    "users_confirmationcode_phone_number_49a8adce_like",
    "users_formernumber_digest_5a0200b2_like",
    "users_idempotencykey_digest_56e70ae9_like",
    "users_limitcounter_key_f4b03d62_like",
    "users_retiredreferralcode_referral_code_6abfe393_like",
    "users_serviceaccount_name_8461c20b_like",
    "users_servicekey_digest_18b89d71_like",
    "users_servicekey_prefix_89fb48ff_like",
    "users_user_referral_code_b937ce54_like",
    "users_usersession_credential_1912bb17_like",
)


def drop(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001  the names are those that Django gives
    if schema_editor.connection.vendor == "postgresql":  # SQLite has none
        for index in INDEXES:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("users", "0032_names_of_lists"),
        ("knox", "0009_extend_authtoken_field"),
        ("sessions", "0001_initial"),
    ]

    operations = [migrations.RunPython(drop, migrations.RunPython.noop)]
