"""Format of log lines and masking of secrets."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from logging.config import dictConfig
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from common.observability.log_lines import configuration
from tests.support.factories import api_client, create_user
from users.models import User

SECRETS = [
    "ff804f58710da9a24648b944e51f2d4985e7885a78bd0b8416430ab7026b15a0",
    "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMSJ9.c2lnbmF0dXJlLW9mLWl0",
    "c33dd980-57bd-45fe-b74d-16cecb424639",
    "C33DD980-57BD-45FE-B74D-16CECB424639",
    "hJ2kd83mNx0qPzR7sT1vWy5bCe9fGhAi",
    "rsk_k3Jd82mQ_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ",
    "rsk_k3Jd82mQ_0bcd3fgh1jklmn0pqrstuvwxyzABCDEFGH1JKLMNOPQ",
]


class Log:
    """Captures the log of the production logging configuration."""

    def __init__(self) -> None:
        self._stream = StringIO()
        dictConfig(configuration(debug=False, level="INFO", code_lengths={4}))
        (handler,) = (h for h in logging.getLogger().handlers if h.get_name() == "console")
        handler.setStream(self._stream)  # type: ignore[attr-defined]

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def message_of(self, text: str, *args: object) -> str:
        logging.getLogger("tests").warning(text, *args)
        return str(self.lines[-1]["message"])


@pytest.fixture
def log() -> Iterator[Log]:
    yield Log()
    dictConfig(settings.LOGGING)


def test_each_line_is_a_json_object_with_time_message_and_logger(log: Log) -> None:
    logging.getLogger("tests").warning("%d of %d", 3, 4)

    (line,) = log.lines
    assert (line["level"], line["logger"], line["message"]) == ("WARNING", "tests", "3 of 4")
    at = datetime.fromisoformat(line["time"])
    assert at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


@pytest.mark.django_db
def test_each_request_is_logged_once(log: Log) -> None:
    anna = create_user()

    answer = api_client(anna).get(f"/api/profile/{anna.phone_number}/?search=%2B79161234567")

    (line,) = log.lines
    duration = line.pop("duration_ms")
    assert 0 < duration < 60_000
    number = str(anna.phone_number)
    path = f"/api/profile/{number[:5]}*****{number[-2:]}/"
    assert (
        line.items()
        >= {
            "level": "INFO",
            "logger": "access",
            "message": f"GET {path} 200",
            "method": "GET",
            "path": path,
            "status": 200,
            "user_id": anna.pk,
            "request_id": answer["X-Request-ID"],
        }.items()
    )


@pytest.mark.django_db
def test_panel_requests_are_logged_with_the_user_id(log: Log, admin_client: Client) -> None:
    admin_client.get("/admin/")

    assert log.lines[-1]["user_id"] == User.objects.get().pk


@pytest.mark.django_db
def test_logging_runs_no_queries(
    log: Log, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        admin_client.get("/health/nowhere/")

    assert log.lines[-1]["user_id"] is None


@pytest.mark.django_db
def test_successful_health_checks_are_not_logged(log: Log, client: APIClient) -> None:
    client.get("/health/live/")
    client.get("/health/nowhere/")

    assert [line["status"] for line in log.lines] == [404]


def test_server_error_is_logged_with_a_masked_traceback(log: Log, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.support.broken_urls"

    answer = Client(raise_request_exception=False).get("/api/defect/")

    assert answer.status_code == 500
    result = next(line for line in log.lines if "exception" in line)
    assert result["logger"] == "django.request"
    assert result["request_id"] == answer["X-Request-ID"]
    assert "in failing_view" in result["exception"]
    assert "Key (phone_number)=(+7916*****67) already exists" in result["exception"]
    for hidden in ("+79161234567", "4711", *SECRETS):
        assert hidden not in log.text


@pytest.mark.parametrize(
    "number",
    [
        "+79161234567",
        "79161234567",
        "89161234567",
        "9161234567",
        "+7 916 123-45-67",
        "8 (916) 123-45-67",
        "8-916-123-45-67",
        "%2B79161234567",
        "%2b7%20916%20123%2045%2067",
        "+7\u00a0916\u00a0123\u00a045\u00a067",
        "+4915112345678",
        "+\u202a7\u200e916\u2009123\u201145\u221267",
        "+7\u200e916.123\u2009.45.67",
        "8\u00ad916\u200b1234567",
        "+\u0667\u0669\u0661\u0666\u0661\u0662\u0663\u0664\u0665\u0666\u0667",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "SMS to {}: sent", "/api/profile/{}/", "({})", "'{}'", "?:phone={}&a=b", "{}."]
)
def test_middle_of_phone_numbers_is_masked(log: Log, number: str, around: str) -> None:
    message = log.message_of(around.format(number).replace("%", "%%") % ())

    assert "*****" in message
    digits = "".join(c for c in number.replace("%2B", "").replace("%2b", "").replace("%20", "") if c.isdigit())
    shown = "".join(c for c in message if c.isdigit())
    assert digits[-7:] not in shown
    assert len(shown) == min(4, len(digits) - 7) + 2


def test_the_beginning_of_a_service_key_is_shown(log: Log) -> None:
    key = "rsk_k3Jd82mQ_0bcd3fgh1jklmn0pqrstuvwxyzABCDEFGH1JKLMNOPQ"

    assert log.message_of("refused %s at once", key) == "refused rsk_k3Jd82mQ_*** at once"


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "Token {}", "/api/verify/{}/", "a={};", "'{}'", "{}.", "Bearer {}\n"])
def test_tokens_are_masked_in_any_context(log: Log, secret: str, around: str) -> None:
    assert secret not in log.message_of("%s", around.format(secret))


@pytest.mark.parametrize(
    "text",
    [
        "Your code is 4711. Tell it to nobody.",
        "Ваш код: 4711. Никому его не сообщайте.",
        "code:4711",
        "code=4711",
        "('4711',)",
        "4711: your code",
        "code-4711-",
        "{'text': 'Your code is 4711.'}",
        'b\'[[], {"phone_number": "+79161234567", "text": "Your code is 4711."}]\'',
        "invalid literal for int() with base 10: '4711'",
        "4711",
    ],
)
def test_confirmation_codes_are_masked(log: Log, text: str) -> None:
    assert "4711" not in log.message_of("%s", text)


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "'password': 'hunter2'",
        '{"password": "hunter2"}',
        "postgres://referral:hunter2@postgres:5432/referral",
        "smseagle://hunter2@gateway.example/+79161234567",
        "Cookie: hunter2",
        "Authorization: Basic hunter2",
    ],
)
def test_values_with_secret_names_are_masked(log: Log, text: str) -> None:
    assert "hunter2" not in log.message_of("%s", text)


@pytest.mark.parametrize(
    "text",
    [
        "Listening at: http://0.0.0.0:8000 (1)",
        "Listening at: http://127.0.0.1:37133 (27471)",
        "Task users.tasks.send_message[c33dd980-57bd-45fe-b74d-123456789012] succeeded in 1.234567890123s: None",
        "2026-11-21 10:20:16 +0000",
        'connection to server at "postgres", port 5432 failed',
        "connection to 192.168.100.200 refused",
        "GET /api/referral-codes/FD4WF4/ 200",
        'File "/app/users/sms.py", line 1234, in send',
        "CSRF verification failed. Request aborted.",
    ],
)
def test_other_values_are_not_masked(log: Log, text: str) -> None:
    assert log.message_of("%s", text) == text


def test_extra_values_are_masked_and_objects_dropped(log: Log) -> None:
    extra = {"phone": "+79161234567", "attempt": 2, "token": "hunter2", "data": {"kwargs": {"text": "hunter2"}}}

    logging.getLogger("tests").warning("sent", extra=extra)

    (line,) = log.lines
    assert (line["phone"], line["attempt"], line["token"]) == ("+7916*****67", 2, "***")
    assert "hunter2" not in log.text


@pytest.mark.parametrize(
    "text", ["a\nb", "a\r\nb", "a\u2028b", "a\x00b", '"}\n{"level":"ERROR"', "\x1b[31m"], ids=ascii
)
def test_line_breaks_are_escaped(log: Log, text: str) -> None:
    log.message_of("%s", text)

    assert log.text.count("\n") == 1
    assert log.text.isascii()
    assert log.lines[0]["message"] == text


def test_lone_surrogates_are_logged(log: Log) -> None:
    # Call the handler directly: xdist could not serialize what pytest captures.
    for handler in logging.getLogger().handlers:
        if handler.get_name() == "console":
            handler.handle(logging.makeLogRecord({"msg": "\ud800", "levelname": "WARNING"}))

    assert log.lines[0]["message"] == "\ud800"


def test_development_log_is_plain_text_and_masked() -> None:
    formatter = configuration(debug=True, level="INFO", code_lengths={4})["formatters"]["lines"]
    lines = formatter.pop("()")(**formatter)
    try:
        int("+79161234567x")
    except ValueError:
        record = logging.LogRecord("tests", logging.ERROR, __file__, 1, "code %s", ("4711",), sys.exc_info())

    text = lines.format(record)

    assert "ERROR tests: code ***" in text
    assert "base 10: '+7916*****67x'" in text
