"""Malformed request bodies."""

import json
import uuid
from typing import Any

import pytest

from tests.hostile_input.raw_http import Server, all_rows, assert_refused
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = {"phone_number": "+79991234567", "username": "Anna"}
LOGIN = {"phone_number": "+79991234567", "confirmation_code": "0427", "used_referral_code": "K7M2XP"}
#: Every operation that takes a body, with a well-formed one.
WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/registration/", ANNA),
    ("POST", "/api/login/", LOGIN),
    ("POST", "/api/jwt/", LOGIN),
    ("POST", f"/api/verify/{uuid.UUID(int=0)}/", {"confirmation_code": "0427", "used_referral_code": "K7M2XP"}),
    ("POST", "/api/jwt/refresh/", {"refresh": "token"}),
    ("POST", "/api/jwt/logout/", {"refresh": "token"}),
    ("PATCH", "/api/profile/", {"username": "Anna", "used_referral_code": "K7M2XP"}),
    ("PATCH", "/api/profile/{phone_number}/", {"username": "Anna", "used_referral_code": "K7M2XP"}),
    ("POST", "/api/users/", {**ANNA, "is_active": True}),
    ("PUT", "/api/users/{id}/", {**ANNA, "is_active": True}),
    ("PATCH", "/api/users/{id}/", {**ANNA, "is_active": True}),
]


def path_for(path: str, me: User) -> str:
    return path.format(id=me.public_id, phone_number=me.phone_number)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "body",
    [
        "nonsense", "phone_number=1", '{"phone_number": "+7999', "{'username': 'Anna'}", "{} {}", "\0",
        "\ufeff", "\ufeff\ufeff{}",
        "[]", '"text"', "1", "null", "true", "[{}]", "NaN", '{"username": Infinity}',
        "[" * 60_000, '{"a":' * 12_000, nested(30_000), f'{{"a": "\\u0041", "b": {nested(950)}}}',
        b"\xff", b'{"username": "\xff"}', '{"username": "Anna"}'.encode("utf-16"), b'{"username": "\xed\xa0\x80"}',
        '{"\\ud800": 1}', '{"\\u0000": 1}', '{"\N{GRINNING FACE}": 1}', '{"": 1}', '{"username": "\0"}',
        '{"is_superuser": true}', '{"__class__": {}}', "1" * 5_000,
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_malformed_or_unexpected_json_is_refused(admin_server: Server, admin_user: User, body: str | bytes) -> None:
    before = all_rows()

    for method, path, _ in WRITES:
        assert_refused(admin_server.send(method, path_for(path, admin_user), body), 400)

    assert all_rows() == before


@pytest.mark.parametrize(
    "value",
    [
        '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"a\\u0000b"', '"\N{GRINNING FACE}"', '"\\u202e"', '"a\\r\\nb"',
        "1", "1e400", "-1e400", "1" + "0" * 400, "1" + "0" * 5_000, "NaN", "[]", "{}", '["a"]', nested(500),
        f'"{"x" * 60_000}"',
    ],
    ids=lambda value: repr(value[:20]),
)  # fmt: skip
def test_invalid_value_is_refused_in_every_field(admin_server: Server, admin_user: User, value: str) -> None:
    before = all_rows()

    for method, path, valid in WRITES:
        for name in valid:
            members = {**{other: json.dumps(it) for other, it in valid.items()}, name: value}
            body = ", ".join(f'"{key}": {it}' for key, it in members.items())
            assert_refused(admin_server.send(method, path_for(path, admin_user), f"{{{body}}}"))

    assert all_rows() == before


def test_body_of_10_mb_is_refused(admin_server: Server, admin_user: User) -> None:
    before = all_rows()

    for method, path, _ in WRITES:
        assert_refused(admin_server.send(method, path_for(path, admin_user), b" " * 10_000_000), 413)

    assert all_rows() == before


@pytest.mark.parametrize(
    "content_type",
    [
        None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml",
        "multipart/form-data; boundary=x", "json", ";", b"\xff",
    ],
)  # fmt: skip
def test_other_content_types_are_refused(
    admin_server: Server, admin_user: User, content_type: str | bytes | None
) -> None:
    before = all_rows()

    for method, path, valid in WRITES:
        answer = admin_server.send(method, path_for(path, admin_user), json.dumps(valid), Content_Type=content_type)
        assert_refused(answer, 415)

    assert all_rows() == before


@pytest.mark.parametrize("length", ["-1", "0", "1", "17", "x", "", "9" * 30, "1e2"])
def test_wrong_content_length_is_refused(server: Server, length: str) -> None:
    before = all_rows()

    assert_refused(server.send("POST", "/api/registration/", json.dumps(ANNA), Content_Length=length), 400, 413)

    assert all_rows() == before


def test_truncated_body_is_refused(admin_server: Server, admin_user: User) -> None:
    before = all_rows()

    for method, path, valid in WRITES:
        whole = json.dumps(valid)
        assert_refused(
            admin_server.send(method, path_for(path, admin_user), whole[:-1], Content_Length=str(len(whole))), 400
        )

    assert all_rows() == before
