"""Health checks."""

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.servers import free_port


def test_liveness_runs_no_queries(client: APIClient) -> None:
    answer = client.get("/health/live/")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readiness_succeeds(client: APIClient) -> None:
    answer = client.get("/health/ready/")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "cache": "ok", "broker": "ok"}}


@pytest.mark.django_db(transaction=True)
def test_readiness_names_an_unreachable_database(client: APIClient) -> None:
    reachable = connection.settings_dict.copy()
    connection.close()
    connection.settings_dict |= {"NAME": "/nowhere/at/all", "HOST": "127.0.0.1", "PORT": free_port()}
    try:
        answer = client.get("/health/ready/")
    finally:
        connection.close()
        connection.settings_dict.update(reachable)

    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["checks"]["database"] == "OperationalError"


@pytest.mark.django_db
def test_readiness_names_an_unreachable_cache_and_succeeds(client: APIClient, settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
        }
    }

    answer = client.get("/health/ready/")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"] == {"database": "ok", "cache": "ConnectionError", "broker": "ok"}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
