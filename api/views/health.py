"""Liveness and readiness probes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import document
from api.serializers import HealthSerializer
from api.views.public import PublicView


class LiveView(PublicView):
    @document(
        operation_id="isAlive",
        tag="operations",
        summary="Is the process alive?",
        answers={status.HTTP_200_OK: HealthSerializer},
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class ReadyView(PublicView):
    @document(
        operation_id="isReady",
        tag="operations",
        summary="Can it do its work?",
        description="Names what is missing: the database, the cache or the broker. Without the database nothing can be "
        "done: 503. Without the others much goes on, and taking every replica out of service would end that, too: 200, "
        "`degraded`.",
        answers={status.HTTP_200_OK: HealthSerializer, status.HTTP_503_SERVICE_UNAVAILABLE: HealthSerializer},
    )
    def get(self, request: Request) -> Response:
        # In parallel: the probe takes as long as the slowest check.
        with ThreadPoolExecutor() as pool:
            others = {name: pool.submit(_answers, probe) for name, probe in (("cache", _cache), ("broker", _broker))}
            database = _answers(_database)
        checks = {"database": database} | {name: other.result() for name, other in others.items()}
        if database != "ok":
            return Response({"status": "unavailable", "checks": checks}, status=status.HTTP_503_SERVICE_UNAVAILABLE)
        is_whole = all(answer == "ok" for answer in checks.values())
        return Response({"status": "ok" if is_whole else "degraded", "checks": checks})


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _cache() -> None:
    cache.get("health")


def _broker() -> None:
    if not settings.CELERY_TASK_ALWAYS_EAGER:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=0)


def _answers(probe: Callable[[], Any]) -> str:
    try:
        probe()
    except Exception as failure:  # noqa: BLE001  any failure fails the probe
        return type(failure).__name__
    return "ok"
