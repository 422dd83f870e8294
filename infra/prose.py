"""Count literary words in docstrings, comments and documents: `python -m infra.prose`. Exits with 1 above the limit.

The limit is a rate per 1,000 words. It holds for each kind of text (product, tests and tools, documents) and in total.
`--list` prints every hit as file:line.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PRODUCT = {"common", "users", "api", "web", "panel", "referral_project"}
DOCUMENTS = ("*.md", "docs/*.md", "postman/*.md")
LITERARY_WORDS = (
    *("whoever", "whom", "whose", "nobody", "somebody", "lest", "anew", "in vain", "alike", "thereby"),
    *("of its own", "of their own", "of his own", "of her own", "of one's own", "no longer", "by itself", "for good"),
    *("thus", "hence", "whatever", "meanwhile", "yet to", "none of", "at all", "once more"),
)
LITERARY = re.compile(rf"\b(?:{'|'.join(LITERARY_WORDS)})\b".replace(" ", r"\s+"), flags=re.IGNORECASE)
WORD = re.compile(r"\b[^\W\d][\w'-]*")
FENCED_CODE = re.compile(r"^ *```.*?^ *```", flags=re.MULTILINE | re.DOTALL)


class Text(NamedTuple):
    """A passage of prose and the line where it starts."""

    line: int
    content: str


def main() -> int:
    parser = argparse.ArgumentParser(description="Count literary words per 1,000 words of prose.")
    parser.add_argument("--folder", type=Path, default=ROOT, help="the repository to read")
    parser.add_argument("--limit", type=float, default=2.0, help="the highest accepted rate")
    parser.add_argument("--list", action="store_true", help="print every hit as file:line")
    options = parser.parse_args()

    words: Counter[tuple[str, str]] = Counter()
    hits: Counter[tuple[str, str]] = Counter()
    for file, texts in prose_of(options.folder):
        group = kind_and_folder(file)
        for text in texts:
            words[group] += len(WORD.findall(text.content))
            for hit in LITERARY.finditer(text.content):
                hits[group] += 1
                if options.list:
                    line = text.line + text.content.count("\n", 0, hit.start())
                    sys.stdout.write(f"{file}:{line}: {' '.join(hit[0].split())}\n")

    rates = {}
    for kind in sorted({kind for kind, _ in words}):
        groups = sorted(group for group in words if group[0] == kind)
        for group in groups:
            report(f"  {group[1]}", words[group], hits[group])
        rates[kind] = report(kind, sum(words[group] for group in groups), sum(hits[group] for group in groups))
    rates["total"] = report("total", words.total(), hits.total())
    above = [kind for kind, rate in rates.items() if rate > options.limit]
    if above:
        sys.stderr.write(f"more than {options.limit} literary words per 1,000 words: {', '.join(above)}\n")
    return 1 if above else 0


def report(name: str, words: int, hits: int) -> float:
    """Print and return the rate per 1,000 words."""
    rate = 1_000 * hits / max(words, 1)
    sys.stdout.write(f"{name:<20} {words:>7} words {hits:>5} hits {rate:>6.1f} per 1,000\n")
    return rate


def prose_of(folder: Path) -> Iterator[tuple[Path, list[Text]]]:
    """Yield each file with prose, relative to the folder, and its texts."""
    for file in sorted(folder.rglob("*.py")):
        relative = file.relative_to(folder)
        if not any(part.startswith(".") or part == "node_modules" for part in relative.parts):
            source = file.read_text()
            yield relative, [*docstrings(source), *comments(source)]
    for pattern in DOCUMENTS:
        for file in sorted(folder.glob(pattern)):
            yield file.relative_to(folder), [Text(1, FENCED_CODE.sub(_blank_lines, file.read_text()))]


def kind_and_folder(file: Path) -> tuple[str, str]:
    """Return the kind of text and the top-level folder of a file; "." for a file at the top."""
    folder = file.parts[0] if len(file.parts) > 1 else "."
    if file.suffix == ".md":
        return "documents", folder
    return ("product" if folder in {".", *PRODUCT} else "tests and tools"), folder


def docstrings(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield Text(node.lineno, node.value.value)


def comments(source: str) -> Iterator[Text]:
    """Yield the comments; those on consecutive lines are one text."""
    start, lines = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if token.start[0] != start + len(lines):
            if lines:
                yield Text(start, "\n".join(lines))
            start, lines = token.start[0], []
        lines.append(token.string.lstrip("#:").strip())
    if lines:
        yield Text(start, "\n".join(lines))


def _blank_lines(code: re.Match[str]) -> str:
    return "\n" * code[0].count("\n")


if __name__ == "__main__":
    sys.exit(main())
