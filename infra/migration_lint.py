"""Find migrations that the release before can't live with: `python -m infra.migration_lint`. Exits with 1 if any.

During an upgrade the old release serves while the tables change: a migration may neither take away nor rename what it
uses, nor hold a table for long. DATABASE_URL leads to an empty PostgreSQL, for which the statements are written.
"""

import argparse
import logging
import os
import sys
from pathlib import Path

import django

ROOT = Path(__file__).parent.parent
#: Released before this check: 0005 and 0012 index tables that they create; the others name their arguments otherwise.
#: 0015 to 0017 build constraints beside the service, and the release before keeps them: by the default of the database.
#: 0018 adds a unique column to the confirmation codes, a short table: they are deleted when they expire.
ACCEPTED = [
    "0002_name_search",
    "0005_running_totals",
    "0011_search_names",
    "0012_service_keys",
    "0015_unique_public_id",
    "0016_unique_external_id",
    "0017_public_id_not_null",
    "0018_code_of_known_address",
]


def main() -> int:
    parser = argparse.ArgumentParser(description="Find unsafe migrations.")
    parser.add_argument("app", nargs="?", default="users")
    app = parser.parse_args().app
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_project.settings")
    django.setup()
    from django_migration_linter import MessageType, MigrationLinter

    logging.disable(logging.INFO)
    linter = MigrationLinter(
        path=str(ROOT),
        include_apps=[app],
        ignore_name=ACCEPTED,
        no_cache=True,
        all_warnings_as_errors=True,
        quiet=[MessageType.IGNORE.value, MessageType.OK.value],
    )
    linter.lint_all_migrations()
    linter.print_summary()
    return 1 if linter.has_errors else 0


if __name__ == "__main__":
    sys.exit(main())
