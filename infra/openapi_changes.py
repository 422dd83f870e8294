"""What changed between two OpenAPI documents, and whether a client of the first one can live with it.

A request may take more than before, and an answer may have fewer values than before and more members; everything else
breaks a client. The bodies of webhooks count as answers: this service sends them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra import schema_changes
from infra.schema_changes import ANSWER, REQUEST, Change, resolved

METHODS = ("get", "put", "post", "delete", "patch")
PROBLEM = "application/problem+json"
#: Outside of clients: probes of operators.
_Document = Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """A version by https://semver.org without labels."""

    major: int
    minor: int
    patch: int

    @classmethod
    def of(cls, document: _Document) -> "Version":
        """Raises `ValueError` for another form of version."""
        return cls(*map(int, document["info"]["version"].split(".")))

    def after(self, changes: list[Change]) -> "Version":
        """Return the lowest version of a release with these changes."""
        if any(change.is_breaking for change in changes):
            return Version(self.major + 1, 0, 0)
        return Version(self.major, self.minor + 1, 0) if changes else self

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def __ge__(self, other: "Version") -> bool:
        return (self.major, self.minor, self.patch) >= (other.major, other.minor, other.patch)


def changes_between(old: _Document, new: _Document) -> list[Change]:
    """Return all changes that a client can notice, those that break it first."""
    changes = [
        *_of_paths(old, new, old["paths"], new["paths"], sent_by_us=False),
        *_of_paths(old, new, old.get("webhooks", {}), new.get("webhooks", {}), sent_by_us=True),
    ]
    return sorted(changes, key=lambda change: (not change.is_breaking, change.where, change.what))


def _of_paths(
    old: _Document, new: _Document, before: _Document, after: _Document, *, sent_by_us: bool
) -> Iterator[Change]:
    earlier, later = _operations(before), _operations(after)
    yield from _names(set(earlier), set(later), "", "operation")
    for name in earlier.keys() & later.keys():
        yield from _Operation(name, old, new, sent_by_us=sent_by_us).changes(earlier[name], later[name])


def _operations(paths: _Document) -> dict[str, _Document]:
    return {
        f"{method.upper()} {path}": {
            **operation,
            "parameters": [*item.get("parameters", ()), *operation.get("parameters", ())],
        }
        for path, item in paths.items()
        for method, operation in item.items()
        if method in METHODS
    }


def _names(old: set[str], new: set[str], where: str, what: str) -> Iterator[Change]:
    for name in old - new:
        yield Change(where or name, f"{what} {name} is gone" if where else f"{what} is gone", is_breaking=True)
    for name in new - old:
        yield Change(where or name, f"{what} {name} is new" if where else f"{what} is new", is_breaking=False)


@dataclass(frozen=True)
class _Operation:
    name: str
    old: _Document
    new: _Document
    sent_by_us: bool

    def changes(self, old: _Document, new: _Document) -> Iterator[Change]:
        if old.get("operationId") != new.get("operationId"):
            yield self._broken(f"operationId {old.get('operationId')} is {new.get('operationId')}")
        yield from self._of_credentials(old, new)
        yield from self._of_parameters(old, new)
        yield from self._of_body(old.get("requestBody"), new.get("requestBody"))
        before, after = old.get("responses", {}), new.get("responses", {})
        for status in before.keys() | after.keys():
            yield from self._of_answer(status, before.get(status), after.get(status))

    def _of_credentials(self, old: _Document, new: _Document) -> Iterator[Change]:
        before, after = ({tuple(sorted(way)) for way in operation.get("security", [{}])} for operation in (old, new))
        for way in before - after:
            yield self._broken(f"credentials {' and '.join(way) or 'none'} are refused")
        for way in after - before:
            yield self._added(f"credentials {' and '.join(way) or 'none'} are taken")
        for scope in set(new.get("x-scopes", ())) - set(old.get("x-scopes", ())):
            yield self._broken(f"scope {scope} is needed")

    def _of_parameters(self, old: _Document, new: _Document) -> Iterator[Change]:
        before = {f"{each['in']} {each['name']}": each for each in _all_resolved(self.old, old["parameters"])}
        after = {f"{each['in']} {each['name']}": each for each in _all_resolved(self.new, new["parameters"])}
        for name in before.keys() - after.keys():
            yield self._broken(f"parameter {name} is gone")
        for name in after.keys() - before.keys():
            is_needed = after[name].get("required", False)
            yield self._changed(f"parameter {name} is new{' and required' if is_needed else ''}", is_breaking=is_needed)
        for name in before.keys() & after.keys():
            if after[name].get("required") and not before[name].get("required"):
                yield self._broken(f"parameter {name} is required")
            yield from self._of_schema(f"parameter {name}", before[name]["schema"], after[name]["schema"], REQUEST)

    def _of_body(self, old: _Document | None, new: _Document | None) -> Iterator[Change]:
        if old is None or new is None:
            if old != new:
                yield self._changed(
                    f"body is {'new' if new else 'gone'}", is_breaking=not new or new.get("required", False)
                )
            return
        if new.get("required") and not old.get("required"):
            yield self._broken("body is required")
        yield from self._of_contents("body", old["content"], new["content"], ANSWER if self.sent_by_us else REQUEST)

    def _of_answer(self, status: str, old: _Document | None, new: _Document | None) -> Iterator[Change]:
        where = f"answer {status}"
        if old is None or new is None:
            yield self._changed(f"{where} is {'gone' if new is None else 'new'}", is_breaking=new is None)
            return
        for name in old.get("headers", {}).keys() - new.get("headers", {}).keys():
            yield self._broken(f"{where}: header {name} is gone")
        for name in new.get("headers", {}).keys() - old.get("headers", {}).keys():
            yield self._added(f"{where}: header {name} is new")
        yield from self._of_contents(where, old.get("content", {}), new.get("content", {}), ANSWER)
        codes = [set(answer.get("content", {}).get(PROBLEM, {}).get("examples", ())) for answer in (old, new)]
        for code in codes[0] - codes[1]:
            yield self._broken(f"{where}: code {code} is gone")
        for code in codes[1] - codes[0]:
            yield self._added(f"{where}: code {code} is new")

    def _of_contents(self, where: str, old: _Document, new: _Document, direction: str) -> Iterator[Change]:
        for name in old.keys() - new.keys():
            yield self._broken(f"{where}: content type {name} is gone")
        for name in new.keys() - old.keys():
            yield self._added(f"{where}: content type {name} is new")
        for name in old.keys() & new.keys():
            yield from self._of_schema(where, old[name].get("schema", {}), new[name].get("schema", {}), direction)

    def _of_schema(self, where: str, old: Any, new: Any, direction: str) -> Iterator[Change]:
        comparison = schema_changes.Comparison(self.old, self.new, direction)
        for what, is_breaking in comparison.changes(old, new, where):
            yield self._changed(what, is_breaking=is_breaking)

    def _broken(self, what: str) -> Change:
        return Change(self.name, what, is_breaking=True)

    def _added(self, what: str) -> Change:
        return Change(self.name, what, is_breaking=False)

    def _changed(self, what: str, *, is_breaking: bool) -> Change:
        return Change(self.name, what, is_breaking=is_breaking)


def _all_resolved(document: _Document, parameters: list[Any]) -> Iterator[Any]:
    return (resolved(document, parameter) for parameter in parameters)
