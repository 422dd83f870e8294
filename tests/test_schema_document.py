"""The OpenAPI document is generated before the first request, and answered from memory."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from tests.support.service import service

SCHEMA = "/api/schema/"


@pytest.mark.xdist_group("outages")
def test_the_first_requests_after_a_start_are_answered_all_in_the_same_way(tmp_path: Path) -> None:
    answers = []
    for nth in range(2):
        folder = tmp_path / str(nth)
        folder.mkdir()
        with service(folder, WEB_THREADS="8") as running, ThreadPoolExecutor(16) as pool:
            running.start_web(workers=2)
            answers += pool.map(lambda _: running.get(SCHEMA), range(16))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_a_request_costs_less_than_generating_the_document(client: APIClient) -> None:
    client.get(SCHEMA)

    start = time.thread_time()
    for _ in range(100):
        client.get(SCHEMA)

    # Generating takes 64 ms and more.
    assert time.thread_time() - start < 100 * 0.01


@pytest.mark.parametrize(
    ("accepted", "content_type"),
    [
        ("*/*", "application/vnd.oai.openapi"),
        ("application/yaml", "application/yaml"),
        ("application/json", "application/json"),
        ("application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
    ],
)
def test_a_client_that_has_the_document_is_told_so(client: APIClient, accepted: str, content_type: str) -> None:
    first = client.get(SCHEMA, headers={"Accept": accepted})
    again = client.get(SCHEMA, headers={"Accept": accepted, "If-None-Match": first["ETag"]})

    assert (first.status_code, first["Content-Type"]) == (200, content_type)
    assert first["Cache-Control"] == "no-cache"
    assert {"Accept", "Accept-Language"} <= {*first["Vary"].split(", ")}
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


def test_each_language_and_format_has_its_own_document(client: APIClient) -> None:
    english, russian = (client.get(SCHEMA, headers={"Accept-Language": language}) for language in ("en", "ru"))
    asked = client.get(f"{SCHEMA}?lang=ru")
    unknown = client.get(f"{SCHEMA}?lang=\0")
    as_json = client.get(f"{SCHEMA}?format=json", headers={"If-None-Match": english["ETag"]})

    assert "Попробуйте" in russian.content.decode()
    assert "Попробуйте" not in english.content.decode()
    assert asked.content == russian.content
    assert unknown.content == english.content
    assert as_json.status_code == 200
    assert as_json.json()["openapi"].startswith("3.")
