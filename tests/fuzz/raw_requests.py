"""Every method on every path; bodies of a wrong type, truncated, too long or of a wrong length."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPException

from drf_spectacular.generators import SchemaGenerator

from tests.fuzz import roles
from tests.fuzz.report import NO_ANSWER, Report
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
TRUNCATIONS = 15
TOO_LONG = 10_000_000
PAGES = ("/", "/api/schema/", "/api/schema/swagger-ui/", "/api/schema/redoc/", "/admin/login/", "/nowhere/")


def run(stack: Stack) -> list[Report]:
    return [
        *(every_method(stack, role) for role in roles.ROLES),
        wrong_types(stack),
        truncated(stack),
        too_long(stack),
        wrong_lengths(stack),
    ]


def every_method(stack: Stack, role: str) -> Report:
    """Call every method on every path, with and without a body, each time as a new user."""
    report = Report(f"every method, {role}")
    for path in _paths():
        for method in METHODS:
            for body in ("", "{}"):
                server = stack.nginx.signed_in(roles.sign_in(role).get("Authorization", ""))
                _send(report, server, method, path, body)
    return report


def wrong_types(stack: Stack) -> Report:
    report = Report("content types")
    staff = _superuser(stack.nginx)
    for method, path, valid in _writes():
        for content_type in TYPES:
            _send(report, staff, method, path, json.dumps(valid), Content_Type=content_type)
    return report


def truncated(stack: Stack) -> Report:
    """Truncate bodies, with the length of the part and of the whole; nginx closes the connection for the latter."""
    report = Report("truncated")
    rng = random.Random(1)
    for method, path, valid in _writes():
        whole = json.dumps(valid)
        for at in sorted(rng.sample(range(len(whole)), min(TRUNCATIONS, len(whole)))):
            _send(report, _superuser(stack.nginx), method, path, whole[:at])
            for server in (replace(stack.nginx, half_closes=True), stack.gunicorn):
                _send(report, _superuser(server), method, path, whole[:at], Content_Length=str(len(whole)))
    return report


def too_long(stack: Stack) -> Report:
    """Send 10 MB to every path, with Content-Length and chunked."""
    report = Report("10 MB")
    staff = _superuser(stack.nginx)
    for method, path, valid in _writes():
        body = json.dumps({**valid, "username": "x" * TOO_LONG})
        _send(report, staff, method, path, body)
        _send(report, staff, method, path, _chunked(body, 65_536), Content_Length=None, Transfer_Encoding="chunked")
    for path in _paths():
        _send(report, staff, "GET", path, b" " * TOO_LONG)
    return report


def wrong_lengths(stack: Stack) -> Report:
    """Send wrong Content-Length headers and malformed chunks."""
    report = Report("lengths and chunks")
    staff = _superuser(stack.nginx)
    for method, path, valid in _writes():
        body = json.dumps(valid)
        for length in ("-1", "0", "1", str(len(body) - 1), "x", "", "1e2", "+5", "0x10", "9" * 30, "5, 5", "\u0665"):
            _send(report, staff, method, path, body, Content_Length=length)
        whole = _chunked(body, 7)
        for chunks in (whole, whole.replace(b"7\r\n", b"x\r\n"), b"0\r\n\r\n", b"-1\r\n\r\n", b"f" * 40 + b"\r\n"):
            _send(report, staff, method, path, chunks, Content_Length=None, Transfer_Encoding="chunked")
        cut = replace(staff, half_closes=True)
        _send(report, cut, method, path, whole[:-5], Content_Length=None, Transfer_Encoding="chunked")
        _send(report, staff, method, path, whole, Transfer_Encoding="chunked")  # together with Content-Length
    return report


def _paths() -> Iterator[str]:
    """Yield every path of the schema with the ids of an existing user, and PAGES."""
    known = {**what_exists(roles.create()), "file": "x"}
    for path in SchemaGenerator().get_schema(request=None, public=True)["paths"]:
        yield path.format(**known)
    yield from PAGES


def _writes() -> Iterator[tuple[str, str, dict[str, object]]]:
    user = roles.create()
    for method, path, valid in WRITES:
        yield method, path.format(id=user.public_id, phone_number=user.phone_number), valid


def _superuser(server: Server) -> Server:
    key = roles.sign_in("service")["Authorization"]
    return server.signed_in(roles.sign_in("superuser")["Authorization"], service_key=key)


def _chunked(body: str, size: int) -> bytes:
    octets = body.encode()
    parts = [octets[at : at + size] for at in range(0, len(octets), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


def _send(
    report: Report, server: Server, method: str, path: str, body: str | bytes, **headers: str | bytes | None
) -> None:
    try:
        answer = server.send(method, path, body, **headers)
    except (OSError, HTTPException):
        report.statuses[NO_ANSWER] += 1
        return
    is_page = not path.startswith(("/api/", "/health/")) or path in PAGES
    if is_page and answer.status < 500:
        report.statuses[answer.status] += 1
    else:
        body_seen = None if method == "HEAD" else answer.body
        report.check(f"{method} {path} {headers}", answer.status, dict(answer.headers), body_seen)
