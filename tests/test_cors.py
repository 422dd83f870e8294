"""What scripts of allowed origins may send."""

from pathlib import Path

from tests.support.service import service

ORIGIN = "https://app.example"
ALWAYS = {"accept", "authorization", "content-type"}


def allowed_headers(folder: Path, **settings: str) -> set[str]:
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "traceparent",
    }
    with service(folder, CORS_ALLOWED_ORIGINS=ORIGIN, **settings) as running:
        running.start_web()
        answer = running.request("OPTIONS", "/api/registration/", headers=preflight)
    return {name.lower() for name in answer.headers["Access-Control-Allow-Headers"].split(", ")}


def test_ids_of_requests_and_traces_may_be_sent(tmp_path: Path) -> None:
    traces = {"x-request-id", "traceparent", "sentry-trace", "baggage", "idempotency-key", "if-none-match"}

    assert allowed_headers(tmp_path) >= ALWAYS | traces


def test_headers_are_a_setting(tmp_path: Path) -> None:
    allowed = allowed_headers(tmp_path, CORS_ALLOWED_HEADERS="X-Tenant")

    assert allowed >= {*ALWAYS, "x-tenant"}
    assert "traceparent" not in allowed
