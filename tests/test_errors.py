"""Errors are problem documents (RFC 9457) in the language of the request."""

import json

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import cause_server_error
from tests.support.factories import api_client, create_user, phone_number

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/profile/", 401, "not_authenticated"),
        ("get", "/api/login/", 405, "method_not_allowed"),
        ("get", "/api/nowhere/", 404, "not_found"),
        ("post", "/api/nowhere/", 404, "not_found"),
        ("post", "/api/registration", 404, "not_found"),
        ("get", "/api", 404, "not_found"),
        ("post", "/health/live", 404, "not_found"),
        ("post", "/api/login/", 400, "invalid_input"),
        ("post", "/api/verify/00000000-0000-4000-8000-000000000000/", 400, "invalid_input"),
        ("get", "/api/referral-codes/nope/", 404, "referral_code_not_found"),
    ],
)
def test_every_error_is_a_problem_document(client: APIClient, method: str, path: str, status: int, code: str) -> None:
    answer = getattr(client, method)(path)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["title"]
    assert problem["detail"]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_a_body_that_is_not_json_is_refused(client: APIClient, content_type: str) -> None:
    answer = client.generic("POST", "/api/registration/", "phone_number=+79991234567", content_type=content_type)

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("body", ["{", "", "nonsense", '{"a": NaN}', "[" * 50_000, b"\xff\xfe", '{"a": "\\ud800"}'])
def test_malformed_json_is_refused(client: APIClient, body: str | bytes) -> None:
    answer = client.generic("POST", "/api/registration/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["code"] in ("parse_error", "invalid_input")


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true"])
def test_unexpected_json_type_is_refused(client: APIClient, body: str) -> None:
    answer = client.generic("POST", "/api/registration/", body, content_type="application/json")

    assert answer.status_code == 400


def test_too_large_body_is_refused(client: APIClient, settings: Settings) -> None:
    room = settings.API_MAX_BODY_BYTES - len('{"phone_number": ""}')
    fits, too_large = ({"phone_number": "1" * length} for length in (room, room + 100))

    assert client.post("/api/registration/", fits).status_code == 400
    answer = client.post("/api/registration/", too_large)

    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


def test_byte_order_mark_before_json_is_ignored(client: APIClient) -> None:
    body = json.dumps({"phone_number": phone_number()}).encode("utf-8-sig")

    assert client.post("/api/registration/", body, content_type="application/json").status_code == 202


def test_all_field_errors_are_returned_together(client: APIClient) -> None:
    answer = client.post("/api/login/", {"phone_number": "x", "confirmation_code": "1", "colour": "red"})

    assert set(answer.json()["errors"]) == {"phone_number", "confirmation_code", "colour"}


def test_errors_are_translated() -> None:
    anna = create_user()
    body = {"used_referral_code": anna.referral_code}

    english = api_client(anna).patch("/api/profile/", body, headers={"Accept-Language": "en"})
    russian = api_client(anna).patch("/api/profile/", body, headers={"Accept-Language": "ru-RU,ru;q=0.9"})

    assert english.json()["code"] == russian.json()["code"] == "own_referral_code"
    assert english.json()["detail"].startswith("This is your own code")
    assert russian.json()["detail"].startswith("Это ваш собственный код")
    assert russian["Content-Language"] == "ru"


@pytest.mark.parametrize(
    "accepted",
    ["ru;q=0", "ru;q=0.0", "ru;q=0.000", "ru; q=0", "ru ;q=0", "RU;Q=0", "en, ru;q=0", "ru;q=0, *", "ru-RU;q=0,ru;q=0.",
     "de, ru;q=0, fr;q=0.5"],
)  # fmt: skip
def test_refused_language_is_not_used(client: APIClient, accepted: str) -> None:
    assert client.get("/api/profile/", headers={"Accept-Language": accepted})["Content-Language"] == "en"


@pytest.mark.parametrize(
    "accepted", ["ru", "ru;q=0.001", "en;q=0, ru;q=0.5", "ru-RU, en;q=0.0", "ru, de;q=0", "*;q=0, ru"]
)
def test_accepted_language_is_used_beside_refused_ones(client: APIClient, accepted: str) -> None:
    assert client.get("/api/profile/", headers={"Accept-Language": accepted})["Content-Language"] == "ru"


def test_message_uses_the_language_of_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    client = APIClient(headers={"Accept-Language": "ru"})

    client.post("/api/registration/", {"phone_number": phone_number()})

    assert "Ваш код" in capsys.readouterr().out


def test_server_error_is_a_problem_document(settings: Settings) -> None:
    answer = cause_server_error(settings)

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "server_error"


def test_unknown_host_gets_a_problem_document(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["referral.example"]

    answer = Client().get("/api/profile/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/problem+json", "nonsense"])
def test_api_errors_are_json_for_every_accept_header(client: APIClient, accept: str) -> None:
    assert client.get("/health/live/", headers={"Accept": accept})["Content-Type"] == "application/json"
    answer = client.get("/api/profile/", headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_pages_get_html_errors() -> None:
    answer = Client().get("/nowhere/")

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
