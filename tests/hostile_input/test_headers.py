"""Wrong methods and malformed headers."""

import uuid
from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from tests.hostile_input.raw_http import Server, all_rows, assert_refused
from users.models import User
from users.people.jwt_sessions import open_jwt_session

pytestmark = pytest.mark.django_db(transaction=True)

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"}


def test_wrong_method_is_refused_with_the_allowed_ones(admin_server: Server, admin_user: User) -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    before = all_rows()

    for template, operations in paths.items():
        documented = {method.upper() for method in operations}
        path = template.format(
            id=admin_user.public_id,
            phone_number=admin_user.phone_number,
            referral_code="K7M2XP",
            verification_token=uuid.UUID(int=0),
        )
        for method in METHODS - documented:
            answer = admin_server.send(method, path)
            assert_refused(answer, 405)
            assert documented <= set(answer.headers["Allow"].split(", "))
        assert admin_server.send("OPTIONS", path).status in (200, 405)
        head = admin_server.send("HEAD", path)
        assert head.status in ((200, 404) if "GET" in documented else (405,))
        assert head.body == b""

    # Except the audit trail: HEAD is recorded like GET.
    assert {**all_rows(), "AuditRecord": []} == before


def invalid_tokens(user: User) -> dict[str, str]:
    refresh = open_jwt_session(user)
    access = str(refresh.access_token)
    header, claims, signature = access.split(".")
    expired = refresh.access_token
    expired.set_exp(lifetime=timedelta(seconds=-settings.CLOCK_LEEWAY_SECONDS - 1))
    none = urlsafe_b64encode(b'{"alg": "none", "typ": "JWT"}').decode().rstrip("=")
    return {
        "alg none": f"{none}.{claims}.",
        "alg none, signed": f"{none}.{claims}.{signature}",
        "tampered": f"{header}.{claims[:-4]}AAAA.{signature}",
        "unsigned": f"{header}.{claims}.",
        "expired": str(expired),
        "refresh used as access": str(refresh),
        "cut": access[:-10],
    }


def test_forged_or_expired_jwt_is_refused(server: Server, admin_user: User) -> None:
    for name, token in invalid_tokens(admin_user).items():
        answer = server.signed_in(f"Bearer {token}").send("GET", "/api/profile/")
        assert_refused(answer, 401)
        assert answer.json()["code"] == "session_ended", name


@pytest.mark.parametrize(
    "header",
    [
        "", " ", "Token", "Bearer", "Token  ", "Token a b", "Bearer a b", "Basic YTpi", "Digest", "Token \0", "\0",
        b"\xff\xfe", b"Token \xff", b"Bearer \xff.\xff.\xff", "Bearer ..", "Bearer e30.e30.e30",
        "Token " + "a" * 60_000, "Bearer " + "a" * 60_000, "Bearer " + "." * 60_000, "Token ' OR 1=1 --",
    ],
    ids=lambda header: repr(header[:20]),
)  # fmt: skip
def test_malformed_authorization_is_refused(server: Server, header: str | bytes) -> None:
    answer = server.signed_in(header).send("GET", "/api/profile/")

    assert_refused(answer, 401)
    assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-7", "latin-1", "rot13", "base64", "idna", "punycode", "undefined", "unicode_escape", "x"]
)
def test_body_is_always_decoded_as_utf_8(admin_server: Server, charset: str) -> None:
    claimed = f"application/json; charset={charset}"

    renamed = admin_server.send("PATCH", "/api/profile/", '{"username": "Анна"}', Content_Type=claimed)
    found = admin_server.send("GET", "/api/users/?search=%D0%90%D0%BD", Content_Type=claimed)
    not_found = admin_server.send("GET", "/api/users/?search=%2B2AA-\\ud800", Content_Type=claimed)

    assert renamed.json()["username"] == "Анна"
    assert [each["username"] for each in found.json()["results"]] == ["Анна"]
    assert not_found.json()["results"] == []
    assert_refused(admin_server.send("PATCH", "/api/profile/", '{"+2AA-": 1}', Content_Type=claimed), 400)


@pytest.mark.parametrize("host", ["evil.example", "a b", "", "[", "localhost:x", "localhost@evil.example", b"\xff"])
def test_unknown_host_is_refused(server: Server, settings: Settings, host: str | bytes) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]

    assert_refused(server.send("GET", "/api/profile/", Host=host), 400)


@pytest.mark.parametrize(
    "accept",
    [
        None, "", "*/*", "*/*;q=x", "application/json; indent=9999", "text/html", "application/xml", "x", ";;", ",",
        "application/json; a=\N{GRINNING FACE}", b"\xff", "*/*;" * 2_000, "a/b;q=x",
    ],
    ids=lambda accept: repr(accept)[:20],
)  # fmt: skip
def test_response_is_json_for_every_accept_header(admin_server: Server, accept: str | bytes | None) -> None:
    answer = admin_server.send("GET", "/api/profile/", Accept=accept)
    refusal = admin_server.send("GET", "/api/profile/0/", Accept=accept)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["username"] == ""
    assert_refused(refusal, 404)


@pytest.mark.parametrize(
    "language",
    ["xx", "ru;q=x", "*", "\0", b"\xff", "ru-" * 5_000, "a," * 5_000],
    ids=lambda language: repr(language)[:20],
)
def test_unknown_language_is_ignored(admin_server: Server, language: str | bytes) -> None:
    assert admin_server.send("GET", "/api/profile/", Accept_Language=language).status == 200
