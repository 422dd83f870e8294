#!/usr/bin/env python
"""Django's command line: `python manage.py help`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_project.settings")
    # Migrations and clean-ups may take as long as they take: only servers are held to the clock.
    os.environ["DATABASE_STATEMENT_TIMEOUT_SECONDS"] = "0"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
