"""What changed between two JSON Schemas of OpenAPI documents, as the dialect of OpenAPI 3.1 that this service uses.

In a request the new schema has to accept all that the old one accepted; in an answer the old schema has to describe all
that the new one does, but for members that are new.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REQUEST, ANSWER = "request", "answer"
#: Of a value or a size: what is at least, what is at most.
_LOWEST = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
_HIGHEST = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
#: Compared as a whole: of two patterns no program can tell which one accepts more.
_WHOLE = ("pattern", "format", "const", "uniqueItems", "multipleOf")
_PARTS = ("oneOf", "anyOf")
_NOTES = ("description", "title", "example", "examples", "deprecated", "readOnly", "writeOnly")
_ANY_TYPE = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})

_Found = Iterator[tuple[str, bool]]


@dataclass(frozen=True, order=True)
class Change:
    where: str
    what: str
    is_breaking: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def resolved(document: Mapping[str, Any], part: Any) -> Any:
    """Follow `$ref`; an `allOf` of one schema and notes is that schema."""
    while "$ref" in part or len(part.get("allOf", ())) == 1:
        if "$ref" in part:
            target: Any = document
            for name in part["$ref"].removeprefix("#/").split("/"):
                target = target[name]
        else:
            target = part["allOf"][0]
        part = target
    return part


@dataclass(frozen=True)
class Comparison:
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    direction: str
    #: Pairs of schemas on the way here: a schema may contain itself.
    _open: list[tuple[int, int]] = field(default_factory=list)

    def changes(self, old: Any, new: Any, where: str) -> _Found:
        """Yield what changed, and whether it breaks a client."""
        old, new = resolved(self.old, old), resolved(self.new, new)
        pair = (id(old), id(new))
        if (old == new and "$ref" not in json.dumps(old)) or pair in self._open:
            return
        self._open.append(pair)
        yield from self._of_types(old, new, where)
        yield from self._of_values(old, new, where)
        yield from self._of_bounds(old, new, where)
        yield from self._of_members(old, new, where)
        for name in ("items", "additionalProperties"):
            yield from self._of_inner(old.get(name, True), new.get(name, True), f"{where}, {name}")
        for name in _PARTS:
            yield from self._of_parts(old.get(name, []), new.get(name, []), f"{where}, {name}")
        self._open.remove(pair)

    def _narrower(self) -> bool:
        """True if it is the narrower schema that breaks a client."""
        return self.direction == REQUEST

    def _of_types(self, old: Any, new: Any, where: str) -> _Found:
        before, after = _types(old), _types(new)
        if gone := before - after:
            yield f"{where} can't be {_listed(gone)}", self._narrower()
        if more := after - before:
            yield f"{where} can be {_listed(more)}", not self._narrower()

    def _of_values(self, old: Any, new: Any, where: str) -> _Found:
        if "enum" in old or "enum" in new:
            before, after = (_values(schema) for schema in (old, new))
            if before is None or after is None:
                yield (
                    f"{where} {'is' if before is None else 'is not'} one of a list",
                    (before is None) == self._narrower(),
                )
                return
            if gone := before - after:
                yield f"{where} can't be {_listed(gone)}", self._narrower()
            if more := after - before:
                yield f"{where} can be {_listed(more)}", not self._narrower()
        for name in _WHOLE:
            if old.get(name) != new.get(name):
                # Without it everything is accepted.
                is_breaking = new.get(name) is not None if self._narrower() else old.get(name) is not None
                yield f"{where} has another {name}", is_breaking
        if old.get("default") != new.get("default") and self.direction == REQUEST:
            yield f"{where} has another default", True

    def _of_bounds(self, old: Any, new: Any, where: str) -> _Found:
        for names, sign, unbound in ((_LOWEST, 1, float("-inf")), (_HIGHEST, -1, float("inf"))):
            for name in names:
                before, after = old.get(name, unbound), new.get(name, unbound)
                if before != after:
                    yield f"{where} has another {name}", (sign * after > sign * before) == self._narrower()

    def _of_members(self, old: Any, new: Any, where: str) -> _Found:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in before.keys() - after.keys():
            yield f"{where}: {name} is gone", True
        for name in after.keys() - before.keys():
            is_needed = name in needed_after and self.direction == REQUEST
            yield f"{where}: {name} is new{' and required' if is_needed else ''}", is_needed
        for name in before.keys() & after.keys():
            if (name in needed_before) != (name in needed_after):
                is_needed = name in needed_after
                yield f"{where}: {name} is {'required' if is_needed else 'optional'}", is_needed == self._narrower()
            yield from self.changes(before[name], after[name], f"{where}: {name}")

    def _of_inner(self, old: Any, new: Any, where: str) -> _Found:
        old, new = (True if inner == {} else inner for inner in (old, new))
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from self.changes(old, new, where)
        elif bool(old) != bool(new):
            yield f"{where} {'is' if new else 'is not'} allowed", bool(old) == self._narrower()
        elif old != new:  # a schema where there was none, or the other way round
            yield f"{where} {'is' if new is True else 'is not'} anything", isinstance(new, Mapping) == self._narrower()

    def _of_parts(self, old: list[Any], new: list[Any], where: str) -> _Found:
        before, after = {self._whole(self.old, part) for part in old}, {self._whole(self.new, part) for part in new}
        if before - after:
            yield f"{where} lacks what was one of them", self._narrower() or not after
        if after - before:
            yield f"{where} has one more", not (self._narrower() and before)

    def _whole(self, document: Mapping[str, Any], part: Any) -> str:
        """Return a schema with all that it refers to, as a text, without notes."""

        def expanded(value: Any, depth: int) -> Any:
            if isinstance(value, list):
                return [expanded(each, depth) for each in value]
            if not isinstance(value, dict) or depth > 8:  # noqa: PLR2004  deeper than any schema
                return value
            value = resolved(document, value)
            return {name: expanded(inner, depth + 1) for name, inner in value.items() if name not in _NOTES}

        return json.dumps(expanded(part, 0), sort_keys=True)


def _types(schema: Any) -> frozenset[str]:
    found = schema.get("type", _ANY_TYPE)
    types = frozenset({found} if isinstance(found, str) else found)
    return types | {"integer"} if "number" in types else types


def _values(schema: Any) -> set[str] | None:
    return {json.dumps(value) for value in schema["enum"]} if "enum" in schema else None


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
