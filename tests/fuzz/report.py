"""Number of requests and statuses by kind, and the wrong responses."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

PROBLEM = "application/problem+json"
#: Status of a connection closed without a response.
NO_ANSWER = 0


@dataclass
class Report:
    kind: str
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.statuses.total()

    def check(self, request: str, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
        """Count a response; a 5xx and a 4xx that is no problem document are failures. `body` is None after HEAD."""
        self.statuses[status] += 1
        wrong = ""
        if status >= 500:
            wrong = f"{status} {(body or b'')[:300]!r}"
        elif status >= 400:
            wrong = _problem_error(status, headers, body)
        if wrong:
            self.add_failure(f"{request[:300]}: {wrong}")

    def add_failure(self, failure: str) -> None:
        self.failures.append(f"{self.kind}: {failure}")


def _problem_error(status: int, headers: Mapping[str, str], body: bytes | None) -> str:
    if headers.get("Content-Type") != PROBLEM:
        return f"{status} is {headers.get('Content-Type')}: {(body or b'')[:200]!r}"
    if body is None:
        return ""
    problem = json.loads(body)
    is_right = (
        problem["type"] == "about:blank"
        and problem["status"] == status
        and re.fullmatch("[a-z_]+", problem["code"])
        and problem["title"]
        and problem["detail"]
    )
    return "" if is_right else f"{status} says {problem}"


def table(reports: list[Report]) -> str:
    """Format the counts by kind and status."""
    total = Report("all", sum((report.statuses for report in reports), Counter()))
    statuses = sorted(total.statuses)
    lines = [["", "requests", *(str(status or "none") for status in statuses)]]
    lines += [
        [report.kind, f"{report.requests:,}", *(f"{report.statuses[status]:,}" for status in statuses)]
        for report in [*reports, total]
    ]
    first, *others = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([kind.ljust(first), *(cell.rjust(width) for cell, width in zip(cells, others, strict=True))])
        for kind, *cells in lines
    )
