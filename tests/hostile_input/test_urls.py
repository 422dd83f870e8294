"""Malformed paths and query strings."""

from base64 import b64encode
from urllib.parse import quote

import pytest

from tests.hostile_input.raw_http import Server, all_rows, assert_refused
from tests.support.factories import create_user

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = ("/api/users/", "/api/users/?ordering=phone_number", "/api/profile/referrals/")


def forged(cursor: str) -> str:
    return "cursor=" + quote(b64encode(cursor.encode()))


@pytest.mark.parametrize(
    "query",
    [
        "page_size=0", "page_size=-1", "page_size=201", "page_size=x", "page_size=", "page_size=" + "9" * 5_000,
        "page_size=%00", "page_size=1e1", "cursor=%FF", "cursor=\N{GRINNING FACE}", "cursor=x",
        forged("p=x"), forged("p="), forged("p=%00"), forged("p=%ED%A0%80"), forged("p=2020-13-45"),
        forged("p=9999-12-31T23:59:59-14:00"), forged("p=0001-01-01T00:00:00%2B14:00"), forged("p=" + "9" * 5_000),
        forged("o=-1"), forged("o=x"), forged("r=x"),
        "&".join(["a=1"] * 2_000),
    ],
    ids=lambda query: query[:30],
)  # fmt: skip
def test_malformed_list_query_is_refused(admin_server: Server, query: str) -> None:
    for path in LISTS:
        assert_refused(admin_server.send("GET", f"{path}{'&' if '?' in path else '?'}{query}"), 400, 404)


@pytest.mark.parametrize(
    "query",
    [
        "ordering=password", "ordering=--phone_number", "ordering=,", "ordering=%00", "ordering=phone_number__x",
        "is_active=perhaps", "is_active=%00", "is_staff=2", "search=%00", "search=" + "x" * 151,
        "registered_after=soon", "registered_after=%00", "registered_after=9999-12-31T23:59:59-14:00",
        "registered_before=0001-01-01T00:00:00%2B14:00", "registered_before=" + "9" * 5_000,
    ],
    ids=lambda query: query[:30],
)  # fmt: skip
def test_malformed_filter_is_named_in_the_error(admin_server: Server, query: str) -> None:
    answer = admin_server.send("GET", f"/api/users/?{query}")

    assert_refused(answer, 400)
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("query", [forged("o=" + "9" * 30), "cursor=%00"])
def test_unusual_but_valid_query_is_answered(admin_server: Server, query: str) -> None:
    for path in LISTS:
        assert admin_server.send("GET", f"{path}{'&' if '?' in path else '?'}{query}").status == 200


@pytest.mark.parametrize("term", ["%ED%A0%80", "%25_"])
def test_unusual_search_is_answered(admin_server: Server, term: str) -> None:
    assert admin_server.send("GET", f"/api/users/?search={term}").status == 200


@pytest.mark.parametrize("query", ["format=%00", "a[]=1", "=", "%"])
def test_unknown_parameter_is_refused(admin_server: Server, query: str) -> None:
    for path in LISTS:
        assert_refused(admin_server.send("GET", f"{path}{'&' if '?' in path else '?'}{query}"), 400)


def test_cursor_of_another_ordering_is_refused(admin_server: Server) -> None:
    create_user()
    following = admin_server.send("GET", "/api/users/?ordering=phone_number&page_size=1").json()["next"]
    cursor = following.split("?")[1].replace("ordering=phone_number", "")

    assert_refused(admin_server.send("GET", f"/api/users/?{cursor}"), 404)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize(
    "parameter",
    [
        "0", "-1", "1.5", "%00", "%20", "%FF", b"\xff", "%ED%A0%80", "%F0%9F%98%80", "\N{GRINNING FACE}", "%D9%A3",
        "..", "%2e%2e", "%2F", "%0d%0aX:1", "a%3Fb", str(2**31), str(2**63), "9" * 30, "9" * 5_000, "x" * 5_000, "'",
    ],
    ids=lambda parameter: repr(parameter[:20]),
)  # fmt: skip
def test_unknown_objects_are_not_found(admin_server: Server, method: str, parameter: str | bytes) -> None:
    before = all_rows()
    parameter = parameter.encode() if isinstance(parameter, str) else parameter

    for collection in (b"users", b"profile", b"referral-codes", b"verify"):
        assert_refused(admin_server.send(method, b"/api/%s/%s/" % (collection, parameter), "{}"), 404, 405)

    assert all_rows() == before


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/profile", "/api/registration", "/api/users/1", "/api//profile/", "/api/profile//", "/api/./profile/",
        "/api/%2e%2e/admin/", "/api/../admin/", "/api/profile/%2e%2e/%2e%2e/admin/", "/api/profile;a=b/", "/api/",
        "/api/%00", "/api/PROFILE/", "/api/profile/?", "/api/profile%3F", "/health/nowhere/",
    ],
)  # fmt: skip
def test_similar_paths_are_not_found(server: Server, path: str, method: str) -> None:
    assert_refused(server.send(method, path, "{}"), *((401, 405) if path == "/api/profile/?" else (404,)))
