"""Bodies."""

import json
import uuid
from typing import Any

import pytest

from tests.hostile_input.raw_http import Server, assert_refused, everything_stored
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = {"phone_number": "+79991234567", "username": "Anna"}
LOGIN = {"phone_number": "+79991234567", "confirmation_code": "0427", "used_referral_code": "K7M2XP"}
#: Every operation that takes a body, with one of the right form.
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


def to(path: str, me: User) -> str:
    return path.format(id=me.pk, phone_number=me.phone_number)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "body",
    [
        "nonsense", "phone_number=1", '{"phone_number": "+7999', "{'username': 'Anna'}", "{} {}", "\0", "\ufeff{}",
        "[]", '"text"', "1", "null", "true", "[{}]", "NaN", '{"username": Infinity}',
        "[" * 60_000, '{"a":' * 12_000, nested(30_000), f'{{"a": "\\u0041", "b": {nested(950)}}}',
        b"\xff", b'{"username": "\xff"}', '{"username": "Anna"}'.encode("utf-16"), b'{"username": "\xed\xa0\x80"}',
        '{"\\ud800": 1}', '{"\\u0000": 1}', '{"\N{GRINNING FACE}": 1}', '{"": 1}', '{"username": "\0"}',
        '{"is_superuser": true}', '{"__class__": {}}', "1" * 5_000,
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_a_body_that_is_no_json_or_no_object_of_ours_is_refused(staff: Server, office: User, body: str | bytes) -> None:
    before = everything_stored()

    for method, path, _ in WRITES:
        assert_refused(staff.send(method, to(path, office), body), 400)

    assert everything_stored() == before


@pytest.mark.parametrize(
    "value",
    [
        '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"a\\u0000b"', '"\N{GRINNING FACE}"', '"\\u202e"', '"a\\r\\nb"',
        "1", "1e400", "-1e400", "1" + "0" * 400, "1" + "0" * 5_000, "NaN", "null", "[]", "{}", '["a"]', nested(500),
        f'"{"x" * 60_000}"',
    ],
    ids=lambda value: repr(value[:20]),
)  # fmt: skip
def test_a_value_that_is_none_is_refused_in_every_field(staff: Server, office: User, value: str) -> None:
    before = everything_stored()

    for method, path, valid in WRITES:
        for name in valid:
            members = {**{other: json.dumps(it) for other, it in valid.items()}, name: value}
            body = ", ".join(f'"{key}": {it}' for key, it in members.items())
            assert_refused(staff.send(method, to(path, office), f"{{{body}}}"))

    assert everything_stored() == before


def test_a_body_of_10_mb_is_refused_and_the_connection_closed(staff: Server, office: User) -> None:
    before = everything_stored()

    for method, path, _ in WRITES:
        assert_refused(staff.send(method, to(path, office), b" " * 10_000_000), 413)

    assert everything_stored() == before


@pytest.mark.parametrize(
    "content_type",
    [
        None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml",
        "multipart/form-data; boundary=x", "json", ";", b"\xff",
    ],
)  # fmt: skip
def test_a_body_of_another_type_is_refused(staff: Server, office: User, content_type: str | bytes | None) -> None:
    before = everything_stored()

    for method, path, valid in WRITES:
        answer = staff.send(method, to(path, office), json.dumps(valid), Content_Type=content_type)
        assert_refused(answer, 415)

    assert everything_stored() == before


@pytest.mark.parametrize("length", ["-1", "0", "1", "17", "x", "", "9" * 30, "1e2"])
def test_a_wrong_content_length_is_refused(server: Server, length: str) -> None:
    before = everything_stored()

    assert_refused(server.send("POST", "/api/registration/", json.dumps(ANNA), Content_Length=length), 400, 413)

    assert everything_stored() == before


def test_a_body_that_breaks_off_is_refused(staff: Server, office: User) -> None:
    before = everything_stored()

    for method, path, valid in WRITES:
        whole = json.dumps(valid)
        assert_refused(staff.send(method, to(path, office), whole[:-1], Content_Length=str(len(whole))), 400)

    assert everything_stored() == before
