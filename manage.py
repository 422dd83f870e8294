#!/usr/bin/env python
"""Django's command line: `python manage.py help`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_project.settings")
    # No statement timeout for migrations and clean-ups; it is meant for server processes.
    os.environ["DATABASE_STATEMENT_TIMEOUT_SECONDS"] = "0"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
