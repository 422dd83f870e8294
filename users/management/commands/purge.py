"""`manage.py purge`: deletes expired rows; the scheduler does so every hour."""

from typing import Any

from django.core.management.base import BaseCommand

from users.management.progress import progress
from users.upkeep import purging


class Command(BaseCommand):
    help = "Delete codes, tokens, sessions and records that have expired. It can be stopped and repeated at any time."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for kind in purging.EVERYTHING:
            deleted = 0
            with progress(kind.name, total=kind.expired().count()) as bar:
                for batch in kind.purge():
                    deleted += batch
                    bar.update(batch)
            self.stdout.write(f"{kind.name}: {deleted:,}")
