"""Every response has the request id that is also in the log."""

import json
import re
from pathlib import Path

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import cause_server_error
from tests.support.factories import phone_number
from tests.support.service import service

MADE = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("path", ["/health/live/", "/api/nowhere/", "/api/profile/", "/nowhere/", "/admin/login/"])
@pytest.mark.django_db
def test_every_response_has_a_unique_id(client: APIClient, path: str) -> None:
    first, second = client.get(path)["X-Request-ID"], client.get(path)["X-Request-ID"]

    assert MADE.fullmatch(first)
    assert MADE.fullmatch(second)
    assert first != second


def test_request_id_of_nginx_is_kept(client: APIClient) -> None:
    given = "0123456789abcdef0123456789abcdef"

    assert client.get("/health/live/", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "short",
        "x" * 65,
        "x" * 10_240,
        "-" * 10_240 + "0123456789abcdef0123456789abcdef",
        "12345678\n",
        "12345678\r\nSet-Cookie: a=b",
        '12345678","level":"INFO',
        "12345678\x00",
        "12345678\x1b[31m",
        "12345678 9",
        "идентификатор",
        "+79161234567",
    ],
)
def test_malformed_request_id_is_replaced(client: APIClient, hostile: str) -> None:
    assert MADE.fullmatch(client.get("/health/live/", HTTP_X_REQUEST_ID=hostile)["X-Request-ID"])


def test_request_id_is_exposed_to_allowed_origins(tmp_path: Path) -> None:
    with service(tmp_path, CORS_ALLOWED_ORIGINS="https://app.example") as running:
        running.start_web()

        named, unknown = (
            running.get("/health/live/", headers={"Origin": origin})
            for origin in ("https://app.example", "https://else.example")
        )

    assert named.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "X-Request-ID" in named.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in unknown.headers


@pytest.mark.django_db
class TestServerError:
    def test_unexpected_error_shows_the_request_id(self, settings: Settings) -> None:
        answer = cause_server_error(settings)

        assert answer.status_code == 500
        assert answer.json()["request_id"] == answer["X-Request-ID"]

    def test_unavailable_service_shows_the_request_id(self, client: APIClient, settings: Settings) -> None:
        settings.SMS_URL = "json://127.0.0.1:1/?:phone={phone}"

        answer = client.post("/api/registration/", {"phone_number": phone_number()})

        assert answer.status_code == 503
        assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_client_error_does_not_show_the_request_id(client: APIClient) -> None:
    answer = client.get("/api/nowhere/")

    assert answer.status_code == 404
    assert "request_id" not in json.loads(answer.content)
