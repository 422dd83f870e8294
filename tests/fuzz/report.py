"""How many requests there were of each kind, how they were answered, and which answers are wrong."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

PROBLEM = "application/problem+json"
#: What a client is told when the connection is closed without an answer.
NO_ANSWER = 0


@dataclass
class Tally:
    kind: str
    statuses: Counter[int] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.statuses.total()

    def judge(self, request: str, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
        """Count an answer: a 5xx is wrong, so is a 4xx that is no problem document. `body` is None after a HEAD."""
        self.statuses[status] += 1
        wrong = ""
        if status >= 500:
            wrong = f"{status} {(body or b'')[:300]!r}"
        elif status >= 400:
            wrong = _why_no_problem(status, headers, body)
        if wrong:
            self.complain(f"{request[:300]}: {wrong}")

    def complain(self, complaint: str) -> None:
        self.complaints.append(f"{self.kind}: {complaint}")


def _why_no_problem(status: int, headers: Mapping[str, str], body: bytes | None) -> str:
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


def table(tallies: list[Tally]) -> str:
    """Show the counts by kind and status."""
    everything = Tally("all", sum((tally.statuses for tally in tallies), Counter()))
    statuses = sorted(everything.statuses)
    lines = [["", "requests", *(str(status or "none") for status in statuses)]]
    lines += [
        [tally.kind, f"{tally.requests:,}", *(f"{tally.statuses[status]:,}" for status in statuses)]
        for tally in [*tallies, everything]
    ]
    first, *others = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([kind.ljust(first), *(cell.rjust(width) for cell, width in zip(cells, others, strict=True))])
        for kind, *cells in lines
    )
