"""Scrape /metrics as Prometheus does."""

from django.test import Client, override_settings


def scrape_metrics() -> str:
    with override_settings(METRICS_TOKEN="token"):
        answer = Client(headers={"Authorization": "Bearer token"}).get("/metrics")
    assert answer.status_code == 200
    return answer.content.decode()
