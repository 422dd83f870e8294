"""`manage.py migrate`, which gives way to the service: see `common.database.postgresql.schema`."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from common.database import locks
from common.database.postgresql.schema import until_locks_are_free


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql" or options["check_unapplied"] or options["plan"]:
            super().handle(*args, **options)
            return
        # A second `migrate` waits, then finds nothing to do.
        with locks.name_held("manage.py migrate", using=connection):
            # A migration in a transaction that got no lock has left nothing behind, so it starts again.
            until_locks_are_free(lambda: super(Command, self).handle(*args, **options))
