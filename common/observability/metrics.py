"""Prometheus metrics, at /metrics. No label takes its value from client input: cardinality stays bounded."""

from collections.abc import Callable, Iterable
from hmac import compare_digest
from os import environ

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from common.http.headers import header_of

PATH = "/metrics"
Collect = Callable[[], Iterable[Metric]]

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_requests = Counter("http_requests", "Requests answered.", ("view", "method", "status"))
_duration = Histogram("http_request_duration_seconds", "Time to answer.", ("view",), buckets=_BUCKETS)
_problems = Counter("problems", "Refusals, limits and defects by their code.", ("code",))
_on_scrape: list[Collect] = []


def count_request(request: HttpRequest, *, status: int, seconds: float) -> None:
    view = request.resolver_match.view_name if request.resolver_match else "none"
    method = request.method if request.method in _METHODS else "other"
    _requests.labels(view, method, status).inc()
    _duration.labels(view).observe(seconds)


def count_problem(code: str) -> None:
    _problems.labels(code).inc()


def on_scrape(collect: Collect) -> Collect:
    """Register a function that yields metrics at each scrape: for numbers kept in the database, as of workers."""
    _on_scrape.append(collect)
    return collect


def answer(request: HttpRequest) -> HttpResponse:
    """Return the metrics of all processes of this container; outside DEBUG, METRICS_TOKEN is required."""
    if not settings.DEBUG:
        if not settings.METRICS_TOKEN:
            return HttpResponse(status=404)
        if not compare_digest((header_of(request, "Authorization") or "").encode(), _expected().encode()):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _expected() -> str:
    return f"Bearer {settings.METRICS_TOKEN}"


class _OnScrape(Collector):
    def collect(self) -> Iterable[Metric]:
        for collect in _on_scrape:
            yield from collect()


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in environ:  # set by infra/gunicorn.conf.py
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(_OnScrape())
    return registry
