"""`manage.py roll_up_statistics`: what the scheduler does every few minutes, by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date

from users.management.progress import progress
from users.statistics import totals


class Command(BaseCommand):
    help = "Add what has happened since the last time to the totals that the statistics are made of."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since",
            metavar="YYYY-MM-DD",
            help="Count anew from the beginning of this day (UTC), after rows were added to the past. "
            "What has been purged since then is lost.",
        )

    def handle(self, *_args: Any, since: str | None, **_options: Any) -> None:
        totals.roll_up(since=_midnight(since) if since else None, progress=_shown)


def _midnight(typed: str) -> datetime:
    try:
        day = parse_date(typed)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"--since takes a day such as 2026-11-21, not {typed}.")
    return datetime.combine(day, time.min, tzinfo=UTC)


def _shown(weeks: list[Any]) -> Iterator[Any]:
    with progress("weeks", total=len(weeks)) as bar:
        for week in weeks:
            yield week
            bar.update()
