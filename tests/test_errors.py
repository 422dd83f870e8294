"""One shape for every error (RFC 9457), in the language of the reader."""

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import person, phone_number, signed_in

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
def test_json_that_is_none_is_refused(client: APIClient, body: str | bytes) -> None:
    answer = client.generic("POST", "/api/registration/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["code"] in ("parse_error", "invalid_input")


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true"])
def test_json_of_another_shape_is_refused(client: APIClient, body: str) -> None:
    answer = client.generic("POST", "/api/registration/", body, content_type="application/json")

    assert answer.status_code == 400


def test_a_body_too_large_is_refused(client: APIClient, settings: Settings) -> None:
    room = settings.API_MAX_BODY_BYTES - len('{"phone_number": ""}')
    fits, too_large = ({"phone_number": "1" * length} for length in (room, room + 100))

    assert client.post("/api/registration/", fits).status_code == 400
    answer = client.post("/api/registration/", too_large)

    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


def test_all_that_is_wrong_is_told_at_once(client: APIClient) -> None:
    answer = client.post("/api/login/", {"phone_number": "x", "confirmation_code": "1", "colour": "red"})

    assert set(answer.json()["errors"]) == {"phone_number", "confirmation_code", "colour"}


def test_errors_are_told_in_the_language_of_the_reader() -> None:
    anna = person()
    body = {"used_referral_code": anna.referral_code}

    english = signed_in(anna).patch("/api/profile/", body, headers={"Accept-Language": "en"})
    russian = signed_in(anna).patch("/api/profile/", body, headers={"Accept-Language": "ru-RU,ru;q=0.9"})

    assert english.json()["code"] == russian.json()["code"] == "own_referral_code"
    assert english.json()["detail"].startswith("This is your own code")
    assert russian.json()["detail"].startswith("Это ваш собственный код")
    assert russian["Content-Language"] == "ru"


def test_the_message_is_in_the_language_of_the_one_who_asked(capsys: pytest.CaptureFixture[str]) -> None:
    client = APIClient(headers={"Accept-Language": "ru"})

    client.post("/api/registration/", {"phone_number": phone_number()})

    assert "Ваш код" in capsys.readouterr().out


def test_a_defect_of_ours_is_answered_in_the_same_shape(settings: Settings) -> None:
    settings.SMS_URL = None  # a setting that no code expects
    client = Client(raise_request_exception=False)

    answer = client.post("/api/registration/", {"phone_number": phone_number()}, content_type="application/json")

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "server_error"


def test_an_unknown_host_is_refused_in_the_same_shape(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["referral.example"]

    answer = Client().get("/api/profile/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/problem+json", "nonsense"])
def test_whatever_a_client_accepts_it_gets_json(client: APIClient, accept: str) -> None:
    assert client.get("/health/live/", headers={"Accept": accept})["Content-Type"] == "application/json"
    answer = client.get("/api/profile/", headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_people_get_pages_instead() -> None:
    answer = Client().get("/nowhere/")

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
