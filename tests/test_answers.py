"""Headers that lead on: `Location` of what was made, `ETag` of the profile, `Link` of lists."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from tests.support.api import activate_code
from tests.support.factories import api_client, create_user, create_users, phone_number, service_client

pytestmark = pytest.mark.django_db
SCHEMA: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://referral.example"


def path_of(url: str) -> str:
    assert url.startswith("https://referral.example/api/"), url
    return url.removeprefix("https://referral.example")


def links_of(answer: Any) -> dict[str, str]:
    """Return the addresses by their relation (RFC 8288)."""
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer["Link"])
    return {relation: path_of(url) for url, relation in found}


def test_location_leads_to_what_was_made() -> None:
    client = service_client()
    body = {"phone_number": phone_number()}

    created, again = (client.post("/api/users/", body, headers={"Idempotency-Key": "key-1"}) for _ in range(2))

    found = client.get(path_of(created["Location"]))
    assert (created.status_code, found.status_code, found.json()["id"]) == (201, 200, created.json()["id"])
    assert again["Location"] == created["Location"]


def test_every_201_of_the_schema_has_a_location() -> None:
    answers = [
        operation["responses"]["201"]
        for methods in SCHEMA["paths"].values()
        for operation in methods.values()
        if "201" in operation["responses"]
    ]

    assert answers
    assert all(answer["headers"]["Location"]["required"] for answer in answers)


def test_a_profile_that_the_client_has_is_not_sent_again() -> None:
    anna = create_user()
    client = api_client(anna)
    for path in ("/api/profile/", f"/api/profile/{anna.phone_number}/"):
        first = client.get(path)

        with CaptureQueriesContext(
            connection,
        ) as queries:
            again = client.get(path, headers={"If-None-Match": f'"other", W/{first["ETag"]}'})

        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert again["ETag"] == first["ETag"]
        profile_queries = [query["sql"] for query in queries if "users_user" in query["sql"]]
        assert len(profile_queries) <= 2, profile_queries


def test_a_changed_profile_has_another_etag() -> None:
    anna = create_user()
    client = api_client(anna)
    before = client.get("/api/profile/")["ETag"]

    activate_code(api_client(create_user()), anna.referral_code)
    answer = client.get("/api/profile/", headers={"If-None-Match": before})

    assert (answer.status_code, answer.json()["referrals_count"]) == (200, 1)
    assert answer["ETag"] != before


def test_lists_have_links_to_their_pages() -> None:
    users = create_users(3)
    client = service_client()

    first = client.get("/api/users/", {"page_size": 1})
    second = client.get(links_of(first)["next"])
    last = client.get(links_of(second)["next"])

    assert [*links_of(first)] == ["first", "next"]
    assert [*links_of(second)] == ["first", "prev", "next"]
    assert [*links_of(last)] == ["first", "prev"]
    assert client.get(links_of(last)["first"]).json() == first.json()
    assert client.get(links_of(last)["prev"]).json()["results"] == second.json()["results"]
    assert second.json()["results"][0]["id"] == str(users[1].public_id)
    assert path_of(second.json()["next"]) == links_of(second)["next"]


def test_a_search_too_long_for_a_header_has_no_links() -> None:
    long = "ы" * 100
    answer = service_client().get(
        "/api/users/", {"search": long, "username": long, "external_id": f"{long}{long[:20]}"}
    )

    assert answer.status_code == 200
    assert "Link" not in answer


def test_the_schema_has_the_headers_of_lists_and_profiles() -> None:
    lists = [
        operation["responses"]["200"].get("headers", {})
        for methods in SCHEMA["paths"].values()
        for operation in methods.values()
        if "cursor" in {parameter["name"] for parameter in operation.get("parameters", [])}
    ]

    assert lists
    assert all("Link" in headers for headers in lists)
    profile = SCHEMA["paths"]["/api/profile/"]["get"]
    assert "If-None-Match" in {parameter["name"] for parameter in profile["parameters"]}
    assert all("ETag" in profile["responses"][status]["headers"] for status in ("200", "304"))
