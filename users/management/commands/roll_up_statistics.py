"""`manage.py roll_up_statistics`: updates the totals; the scheduler does so every few minutes."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date

from users.management.progress import progress
from users.statistics import totals


class Command(BaseCommand):
    help = "Add new events to the totals of the statistics."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since",
            metavar="YYYY-MM-DD",
            help="Count again from the beginning of this day (UTC), after rows were added to the past. "
            "Events that were purged since then are lost from the totals.",
        )

    def handle(self, *_args: Any, since: str | None, **_options: Any) -> None:
        totals.roll_up(since=_midnight(since) if since else None, progress=_with_progress_bar)


def _midnight(typed: str) -> datetime:
    try:
        day = parse_date(typed)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"--since takes a day such as 2026-11-21, not {typed}.")
    return datetime.combine(day, time.min, tzinfo=UTC)


def _with_progress_bar(weeks: list[Any]) -> Iterator[Any]:
    with progress("weeks", total=len(weeks)) as bar:
        for week in weeks:
            yield week
            bar.update()
