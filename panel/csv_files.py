"""Streams CSV files in constant memory; cells can't start a formula in a spreadsheet."""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.formats import get_format

SEPARATORS: Mapping[str, str] = {"comma": ",", "semicolon": ";"}
#: Where a cell can begin: at the start of a text, and after a separator or the end of a line in it, because a
#: spreadsheet with other regional settings splits there. Then the start of a formula, full-width forms included, after
#: spaces and quotation marks that a spreadsheet drops: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(
    '(?:^(?=[\t\r\n])|(?:^|(?<=[,;\t\r\n\v\f\x85\u2028\u2029]))(?=[\\s"]*[-=+@\uff1d\uff0b\uff0d\uff20]))'
)
_ROWS_AT_ONCE = 2_000

#: Heading: column or expression.
Columns = Mapping[str, str | Combinable]


def default_separator() -> str:
    """Return the name of the separator that spreadsheets in the current language expect.

    Where the comma separates decimals, it can't separate cells.
    """
    return "semicolon" if get_format("DECIMAL_SEPARATOR") == "," else "comma"


def download(rows: QuerySet[Any], *, columns: Columns, name: str, separator: str) -> StreamingHttpResponse:
    """Stream the rows in their order while they are read; `X-Total-Rows` is their number, for a progress bar.

    `separator` is a key of `SEPARATORS`.
    """
    filename = f"{name}-{timezone.now():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        lines(rows, columns, SEPARATORS[separator]),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Cache-Control": "no-store",
            "X-Total-Rows": str(rows.order_by().count()),
        },
    )


def lines(rows: QuerySet[Any], columns: Columns, separator: str) -> Iterator[str]:
    # Every text is quoted, so that a separator in it, or a line break, ends no cell.
    write = csv.writer(_Echo(), delimiter=separator, quoting=csv.QUOTE_NONNUMERIC).writerow
    # The byte order mark makes Excel read UTF-8.
    yield "\ufeff" + write(columns)
    sources = [F(source) if isinstance(source, str) else source for source in columns.values()]
    for cells in rows.select_related(None).values_list(*sources).iterator(chunk_size=_ROWS_AT_ONCE):
        yield write(map(_cell, cells))


def _cell(value: Any) -> Any:
    """Format times in ISO 8601; put an apostrophe before text that a spreadsheet would run as a formula."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, UUID):
        return str(value)
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


class _Echo:
    """File-like object for `csv.writer` that returns each line."""

    def write(self, line: str) -> str:
        return line
