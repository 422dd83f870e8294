"""Every method on every path, and bodies that are of the wrong type, cut off, far too long or not as announced."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPException

from drf_spectacular.generators import SchemaGenerator

from tests.fuzz import people
from tests.fuzz.report import NO_ANSWER, Tally
from tests.fuzz.stack import Stack
from tests.hostile_input.raw_http import Server
from tests.hostile_input.test_bodies import WRITES
from tests.test_contract import what_exists

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW", "get")
TYPES = (
    None, "", ";", "json", "text/plain", "text/html", "application/xml", "application/octet-stream", "image/png",
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "application/json5",
    "application/json; charset=utf-16", "application/json; charset=rot13", "application/json; q=\0", b"\xff",
    "application/" + "x" * 5_000, "application/problem+json", "*/*",
)  # fmt: skip
CUTS = 15
TOO_LONG = 10_000_000
PAGES = ("/", "/api/schema/", "/api/schema/swagger-ui/", "/api/schema/redoc/", "/admin/login/", "/nowhere/")


def ask(stack: Stack) -> list[Tally]:
    return [
        *(every_method(stack, role) for role in people.ROLES),
        wrong_types(stack),
        cut_off(stack),
        too_long(stack),
        not_as_announced(stack),
    ]


def every_method(stack: Stack, role: str) -> Tally:
    """Use every method on every path, with and without a body; each time as somebody new who may lose all."""
    tally = Tally(f"every method, {role}")
    for path in _paths():
        for method in METHODS:
            for body in ("", "{}"):
                server = stack.nginx.signed_in(people.sign_in(role).get("Authorization", ""))
                _send(tally, server, method, path, body)
    return tally


def wrong_types(stack: Stack) -> Tally:
    tally = Tally("content types")
    staff = _superuser(stack.nginx)
    for method, path, valid in _writes():
        for content_type in TYPES:
            _send(tally, staff, method, path, json.dumps(valid), Content_Type=content_type)
    return tally


def cut_off(stack: Stack) -> Tally:
    """Break bodies off, said to be whole and said to go on; of the latter nginx closes the connection."""
    tally = Tally("cut off")
    chance = random.Random(1)
    for method, path, valid in _writes():
        whole = json.dumps(valid)
        for at in sorted(chance.sample(range(len(whole)), min(CUTS, len(whole)))):
            _send(tally, _superuser(stack.nginx), method, path, whole[:at])
            for server in (replace(stack.nginx, half_closes=True), stack.gunicorn):
                _send(tally, _superuser(server), method, path, whole[:at], Content_Length=str(len(whole)))
    return tally


def too_long(stack: Stack) -> Tally:
    """Send 10 MB to every path, announced and in chunks."""
    tally = Tally("10 MB")
    staff = _superuser(stack.nginx)
    for method, path, valid in _writes():
        body = json.dumps({**valid, "username": "x" * TOO_LONG})
        _send(tally, staff, method, path, body)
        _send(tally, staff, method, path, _chunked(body, 65_536), Content_Length=None, Transfer_Encoding="chunked")
    for path in _paths():
        _send(tally, staff, "GET", path, b" " * TOO_LONG)
    return tally


def not_as_announced(stack: Stack) -> Tally:
    """Announce other lengths than are sent, and send chunks that are none."""
    tally = Tally("lengths and chunks")
    staff = _superuser(stack.nginx)
    for method, path, valid in _writes():
        body = json.dumps(valid)
        for length in ("-1", "0", "1", str(len(body) - 1), "x", "", "1e2", "+5", "0x10", "9" * 30, "5, 5", "\u0665"):
            _send(tally, staff, method, path, body, Content_Length=length)
        whole = _chunked(body, 7)
        for chunks in (whole, whole.replace(b"7\r\n", b"x\r\n"), b"0\r\n\r\n", b"-1\r\n\r\n", b"f" * 40 + b"\r\n"):
            _send(tally, staff, method, path, chunks, Content_Length=None, Transfer_Encoding="chunked")
        cut = replace(staff, half_closes=True)
        _send(tally, cut, method, path, whole[:-5], Content_Length=None, Transfer_Encoding="chunked")
        _send(tally, staff, method, path, whole, Transfer_Encoding="chunked")  # with a length besides
    return tally


def _paths() -> Iterator[str]:
    """Yield every path of the schema, for somebody who exists, and the pages beside them."""
    known = {**what_exists(people.somebody()), "file": "x"}
    for path in SchemaGenerator().get_schema(request=None, public=True)["paths"]:
        yield path.format(**known)
    yield from PAGES


def _writes() -> Iterator[tuple[str, str, dict[str, object]]]:
    somebody = people.somebody()
    for method, path, valid in WRITES:
        yield method, path.format(id=somebody.pk, phone_number=somebody.phone_number), valid


def _superuser(server: Server) -> Server:
    return server.signed_in(people.sign_in("superuser")["Authorization"])


def _chunked(body: str, size: int) -> bytes:
    octets = body.encode()
    parts = [octets[at : at + size] for at in range(0, len(octets), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


def _send(
    tally: Tally, server: Server, method: str, path: str, body: str | bytes, **headers: str | bytes | None
) -> None:
    try:
        answer = server.send(method, path, body, **headers)
    except (OSError, HTTPException):
        tally.statuses[NO_ANSWER] += 1
        return
    is_page = not path.startswith(("/api/", "/health/")) or path in PAGES
    if is_page and answer.status < 500:
        tally.statuses[answer.status] += 1
    else:
        told = None if method == "HEAD" else answer.body
        tally.judge(f"{method} {path} {headers}", answer.status, dict(answer.headers), told)
