"""`manage.py import_people`: imports people from a CSV file."""

import csv
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from users import audit
from users.management.progress import progress
from users.people.import_rows import FIELDS, Refused
from users.people.importing import Import, Outcome

ROWS_AT_ONCE = 5_000
#: Cells beyond the heading.
_BEYOND = "cells beyond the heading"


class Command(BaseCommand):
    help = (
        "Import people from a CSV file (UTF-8, comma or semicolon) with the heading "
        f"{','.join(FIELDS)}, of which only phone_number is needed. It can be stopped at any time and repeated: people "
        "are recognized by their number. Inviters first is faster."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Save nothing; one transaction that is rolled back.")
        parser.add_argument(
            "--refused", type=Path, help="Where to write the refused rows with their line numbers: FILE.refused.csv."
        )

    def handle(self, *_args: Any, file: Path, dry_run: bool, refused: Path | None, **_options: Any) -> None:
        try:
            with file.open("rb") as raw:
                lines = sum(1 for _ in raw)
            with (
                file.open(encoding="utf-8-sig", newline="") as text,
                transaction.atomic() if dry_run else nullcontext(),
            ):
                outcome = _import(_rows(text), lines)
                if dry_run:
                    transaction.set_rollback(True)
        except OSError as failure:
            raise CommandError(f"{file}: {failure.strerror}.") from None
        except UnicodeDecodeError:
            raise CommandError(f"{file} is not in UTF-8. What came before is imported; mend it and repeat.") from None
        target = refused or file.with_name(f"{file.name}.refused.csv")
        _write(target, outcome.refused)
        told = f"created {outcome.created:,}, updated {outcome.updated:,}, unchanged {outcome.unchanged:,}"
        self.stdout.write(f"{'Would be: ' if dry_run else ''}{told}, refused {len(outcome.refused):,} ({target})")


def _import(rows: Iterator[tuple[int, dict[str, Any]]], lines: int) -> Outcome:
    people = Import()
    with progress("rows", total=lines) as bar:
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            people.take(batch)
            bar.update(len(batch))
    outcome = people.finish()
    counts = {"created": outcome.created, "updated": outcome.updated}
    audit.record(by=None, action=audit.Action.CREATED, about="import", details=counts)
    return outcome


def _rows(text: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with the number of its line. Raises `CommandError` for another heading."""
    heading = text.readline()
    names = next(csv.reader([heading], delimiter=";" if ";" in heading else ","), [])
    if unknown := set(names) - set(FIELDS):
        raise CommandError(f"Unknown columns: {', '.join(sorted(unknown))}. Known are: {', '.join(FIELDS)}.")
    if "phone_number" not in names or len(set(names)) < len(names):
        raise CommandError("The heading needs phone_number, and each column once.")
    reader = csv.DictReader(text, names, restkey=_BEYOND, delimiter=";" if ";" in heading else ",")
    for row in reader:
        yield reader.line_num + 1, row


def _write(target: Path, refused: list[Refused]) -> None:
    with target.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(("line", "code", "field", "detail", "saved"))
        for each in refused:
            details = [(name, error["detail"]) for name, errors in each.errors.items() for error in errors]
            for name, detail in details or [("", "")]:
                writer.writerow((each.number, each.code, name, detail, each.is_saved))
