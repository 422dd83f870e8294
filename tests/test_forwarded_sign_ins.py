"""A backend passes sign-ins on: the limits count the client that it names; others can name none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from infra.local_nginx import Nginx
from tests.support.factories import create_user, phone_number, service_key, token_header, wrong_code
from users.models import Scope, ServiceKey

pytestmark = pytest.mark.django_db
A, B = "203.0.113.1", "203.0.113.2"


@pytest.fixture(autouse=True)
def one_code_for_each_address(settings: Settings) -> None:
    settings.LIMIT_CODES_PER_ADDRESS = "1/hour"


@pytest.fixture
def forwarding() -> str:
    return f"Key {service_key(Scope.SIGN_IN_FORWARD)}"


def register(authorization: str | None = None, address: str | None = None, **options: Any) -> Any:
    headers = {"Authorization": authorization, "X-Client-Address": address}
    sent = {name: value for name, value in headers.items() if value is not None}
    return APIClient().post("/api/registration/", {"phone_number": phone_number()}, headers=sent, **options)


def test_each_client_that_a_service_names_is_limited_singly(forwarding: str) -> None:
    assert [register(forwarding, address).status_code for address in (A, B, A, B)] == [202, 202, 429, 429]
    # The backend itself, and a client that comes directly.
    assert register(forwarding).status_code == 202
    assert register(REMOTE_ADDR=A).status_code == 429


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("2001:db8:1:2::1", "2001:DB8:1:2:ffff::", "2001:db8:1:3::1"),
        ("198.51.100.1", " ::ffff:198.51.100.1 ", "198.51.100.2"),
    ],
)
def test_an_address_counts_as_that_of_a_connection_would(forwarding: str, first: str, same: str, other: str) -> None:
    assert [register(forwarding, each).status_code for each in (first, same, other)] == [202, 429, 202]


@pytest.mark.parametrize("address", [None, A])
@pytest.mark.parametrize("authorization", ["Key", "Key two words"])
def test_a_malformed_key_is_refused_with_an_address_or_without(authorization: str, address: str | None) -> None:
    assert register(authorization, address).json()["code"] == "authentication_failed"


def test_from_anybody_else_the_header_is_ignored(forwarding: str) -> None:
    session = token_header(create_user())

    assert register(None, A).status_code == 202
    for authorization in (None, session, session.replace("Token", "Bearer"), "Basic YTpi", "nonsense"):
        assert register(authorization, B).status_code == 429, authorization

    assert [register(forwarding, each).status_code for each in (A, B)] == [202, 202]


def test_a_key_without_the_scope_is_told_so() -> None:
    others = [scope for scope in Scope if scope != Scope.SIGN_IN_FORWARD]

    refused = register(f"Key {service_key(*others)}", A)

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert refused.json()["scope"] == "sign_in:forward"


def test_an_unknown_or_expired_key_is_told_so(forwarding: str) -> None:
    ServiceKey.objects.update(expires_at="2020-01-01T00:00Z")

    for authorization in (forwarding, "Key rsk_00000000_unknown"):
        refused = register(authorization, A)
        assert (refused.status_code, refused.json()["code"]) == (401, "service_key_invalid")
        assert refused["WWW-Authenticate"] == "Key"


@pytest.mark.parametrize("wrong", ["", "localhost", "203.0.113", "203.0.113.1, 10.0.0.1", "203.0.113.1:443", "::g"])
def test_what_is_no_address_is_refused_and_costs_nothing(forwarding: str, wrong: str) -> None:
    refused = register(forwarding, wrong)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
    assert [*refused.json()["errors"]] == ["X-Client-Address"]
    assert register().status_code == 202


def test_every_way_to_sign_in_counts_the_client(forwarding: str, settings: Settings) -> None:
    settings.LIMIT_FAILED_SIGN_INS_PER_ADDRESS = "1/hour"
    phone = phone_number()
    sent = APIClient().post("/api/registration/", {"phone_number": phone}).json()
    link = (
        sent["verify_url"].partition("referral.example")[2] or "/api/verify/" + sent["verify_url"].split("/")[-2] + "/"
    )
    code = wrong_code(sent["confirmation_code"])
    by_number, by_link = {"phone_number": phone, "confirmation_code": code}, {"confirmation_code": code}

    for nth, (path, body) in enumerate([("/api/login/", by_number), ("/api/jwt/", by_number), (link, by_link)]):
        headers = {"Authorization": forwarding, "X-Client-Address": f"203.0.113.{nth}"}
        answers = [APIClient().post(path, body, headers=headers).status_code for _ in range(2)]
        assert answers == [400, 429], path


def test_an_account_has_a_limit_over_all_addresses(settings: Settings) -> None:
    settings.LIMIT_FORWARDED_SIGN_INS_PER_SERVICE = "3/hour"
    one, another = (f"Key {service_key(Scope.SIGN_IN_FORWARD)}" for _ in range(2))

    answers = [register(one, f"203.0.113.{nth}") for nth in range(4)]

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[3].json()["code"] == "too_many_requests"
    assert int(answers[3]["Retry-After"]) > 3_000
    assert register(another, "203.0.113.9").status_code == 202


@pytest.fixture
def through_nginx(live_server: LiveServer, settings: Settings, tmp_path: Path) -> Iterator[str]:
    settings.TRUSTED_PROXIES = 1
    nginx = Nginx(tmp_path, web_port=int(live_server.url.rpartition(":")[2]))
    nginx.write()
    with nginx.running():
        yield f"http://127.0.0.1:{nginx.port}/api/registration/"


@pytest.mark.django_db(transaction=True)
def test_the_same_through_nginx(through_nginx: str) -> None:
    forwarding = f"Key {service_key(Scope.SIGN_IN_FORWARD)}"

    def send(authorization: str, address: str) -> int:
        headers = {"Authorization": authorization, "X-Client-Address": address, "X-Forwarded-For": address}
        body = {"phone_number": phone_number()}
        return requests.post(through_nginx, json=body, headers=headers, timeout=30).status_code

    assert [send(forwarding, address) for address in (A, B, A)] == [202, 202, 429]
    assert [send("", address) for address in ("203.0.113.7", "203.0.113.8")] == [202, 429]
