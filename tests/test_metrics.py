"""Prometheus metrics: access, counters over several processes, no personal data."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.test import Client
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings
from rest_framework.test import APIClient

from common.observability import metrics
from referral_project.settings import BASE_DIR
from tests.support.factories import api_client, create_user, phone_number
from tests.support.metrics import scrape_metrics
from tests.support.service import service

pytestmark = pytest.mark.django_db  # some metrics are queried at each scrape

TOKEN = "a-token-of-thirty-two-characters"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def figure(text: str, name: str, **labels: str) -> float:
    """Return the value of a metric; 0 if absent."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return 0


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (TOKEN, 401),
        ("Bearer ", 401),
        ("Bearer é", 401),
        (None, 401),
    ],
)
def test_metrics_require_the_token(authorization: str | None, status: int) -> None:
    headers = {"Authorization": authorization} if authorization else {}

    assert Client(headers=headers).get("/metrics").status_code == status


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer", "", "Bearer None"])
def test_metrics_are_refused_without_a_configured_token(authorization: str, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""

    assert Client(headers={"Authorization": authorization}).get("/metrics").status_code == 404


def test_development_needs_no_token(settings: Settings) -> None:
    settings.DEBUG = True

    assert Client().get("/metrics").status_code == 200


def test_scrape_works_with_any_host_header(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["referral.example"]
    settings.SECURE_SSL_REDIRECT = True

    assert Client(headers={**AUTHORIZED, "Host": "172.18.0.5:8000"}).get("/metrics").status_code == 200


def test_requests_are_counted_by_view_method_and_status() -> None:
    anna = create_user()
    labels = {"view": "profile-by-phone", "method": "GET", "status": "200"}
    before = scrape_metrics()

    api_client(anna).get(f"/api/profile/{anna.phone_number}/")

    after = scrape_metrics()
    assert figure(after, "http_requests_total", **labels) == figure(before, "http_requests_total", **labels) + 1
    duration = ("http_request_duration_seconds_count", "profile-by-phone")
    assert figure(after, duration[0], view=duration[1]) == figure(before, duration[0], view=duration[1]) + 1
    assert str(anna.phone_number)[1:] not in after


def test_problems_are_counted_by_code(client: APIClient) -> None:
    phone = phone_number()
    before = scrape_metrics()

    client.post("/api/registration/", {"phone_number": phone})
    client.post("/api/registration/", {"phone_number": phone})
    client.post("/api/registration/", {"phone_number": "x"})

    after = scrape_metrics()
    for code in ("code_recently_sent", "invalid_input"):
        assert figure(after, "problems_total", code=code) == figure(before, "problems_total", code=code) + 1


def test_problems_on_pages_are_counted(client: APIClient) -> None:
    phone = phone_number()
    before = scrape_metrics()

    for _ in range(2):
        client.post("/sign-in/", {"phone_number": phone}, format="multipart")

    assert figure(scrape_metrics(), "problems_total", code="code_recently_sent") == 1 + figure(
        before, "problems_total", code="code_recently_sent"
    )


def test_documented_metrics_exist(client: APIClient) -> None:
    client.get("/api/profile/")
    result = (BASE_DIR / "docs/operations.md").read_text().split("## Metrics")[1]
    named = set(re.findall(r"\b(?:http|problems|sms)_\w+", result))

    there = {sample.name for family in text_string_to_metric_families(scrape_metrics()) for sample in family.samples}

    assert len(named) > 4
    assert {name for name in named if name not in there} <= {"http_request_duration_seconds"}


def test_clients_cannot_create_labels(client: APIClient) -> None:
    client.get("/warm/up/")
    client.get("/api/warm/")
    client.generic("BREW", "/up/")
    before = len(scrape_metrics().splitlines())

    for word in range(50):
        client.get(f"/made/up/{word}/")
        client.get(f"/api/{word}/")
        client.generic(f"BREW{word}", f"/{word}/")

    assert len(scrape_metrics().splitlines()) == before


def test_domain_metrics_are_computed_at_each_scrape() -> None:
    waiting = [3]

    @metrics.on_scrape
    def deliveries() -> Iterator[Metric]:
        for number in waiting:
            yield GaugeMetricFamily("deliveries_waiting", "Messages not yet sent.", value=number)

    assert figure(scrape_metrics(), "deliveries_waiting") == 3
    waiting[0] = 5
    assert figure(scrape_metrics(), "deliveries_waiting") == 5
    waiting.clear()


def test_processes_share_counters_and_keep_them_after_a_restart(tmp_path: Path) -> None:
    with service(tmp_path, METRICS_TOKEN=TOKEN, TMPDIR=str(tmp_path)) as running:
        running.start_web(2, "--max-requests", "40", "--max-requests-jitter", "0")

        with ThreadPoolExecutor(8) as clients:
            statuses = list(clients.map(lambda _: running.get("/api/profile/").status_code, range(200)))
        text = running.get("/metrics", headers=AUTHORIZED).text
        (folder,) = tmp_path.glob("metrics-*")
        files = {file.name for file in folder.iterdir()}

    assert statuses == [401] * 200
    assert figure(text, "http_requests_total", view="profile", method="GET", status="401") == 200
    assert figure(text, "http_request_duration_seconds_count", view="profile") == 200
    assert figure(text, "problems_total", code="not_authenticated") == 200
    processes = {name.rpartition("_")[2] for name in files}
    assert processes <= {"master.db", "0.db", "1.db"}, "each replaced process left a file behind"
    assert not folder.exists()
