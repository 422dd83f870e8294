"""The client IP that limits use, with and without trusted proxies."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

LOOKUP = "/api/referral-codes/QQQQQQ/"


@pytest.fixture(autouse=True)
def one_lookup_an_hour(settings: Settings) -> None:
    settings.LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS = "1/hour"


def is_let_through(client: APIClient, **headers: str) -> bool:
    status = client.get(LOOKUP, **headers).status_code
    assert status in (404, 429)
    return status == 404


def test_forwarded_for_is_ignored_without_a_proxy(client: APIClient) -> None:
    assert is_let_through(client, REMOTE_ADDR="198.51.100.1")

    for forged in ("203.0.113.1", "203.0.113.2, 203.0.113.3", "127.0.0.1", "garbage", ""):
        assert not is_let_through(client, REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR=forged)
        assert not is_let_through(client, REMOTE_ADDR="198.51.100.1", HTTP_X_REAL_IP=forged)
        assert not is_let_through(client, REMOTE_ADDR="198.51.100.1", HTTP_FORWARDED=f"for={forged}")


def test_only_the_address_added_by_the_proxy_counts(client: APIClient, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    proxy = {"REMOTE_ADDR": "172.18.0.2"}
    assert is_let_through(client, HTTP_X_FORWARDED_FOR="198.51.100.1", **proxy)

    assert is_let_through(client, HTTP_X_FORWARDED_FOR="198.51.100.2", **proxy)
    for forged in ("203.0.113.1", "203.0.113.2, 203.0.113.3", "garbage"):
        assert not is_let_through(client, HTTP_X_FORWARDED_FOR=f"{forged}, 198.51.100.1", **proxy)


def test_second_last_address_counts_behind_two_proxies(client: APIClient, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 2
    assert is_let_through(client, HTTP_X_FORWARDED_FOR="203.0.113.1, 198.51.100.1, 10.0.0.1")

    assert not is_let_through(client, HTTP_X_FORWARDED_FOR="203.0.113.2, 198.51.100.1, 10.0.0.2")
    assert is_let_through(client, HTTP_X_FORWARDED_FOR="203.0.113.2, 198.51.100.2, 10.0.0.1")


def test_proxy_address_counts_without_forwarded_for(client: APIClient, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1

    assert is_let_through(client, REMOTE_ADDR="172.18.0.2")
    assert not is_let_through(client, REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR="unknown")


@pytest.mark.parametrize("same", ["2001:db8:1:2::2", "2001:0DB8:1:2:ffff:ffff:ffff:ffff"])
def test_ipv6_addresses_of_one_network_count_as_one(client: APIClient, same: str) -> None:
    assert is_let_through(client, REMOTE_ADDR="2001:db8:1:2::1")

    assert not is_let_through(client, REMOTE_ADDR=same)
    assert is_let_through(client, REMOTE_ADDR="2001:db8:1:3::1")


def test_ipv4_mapped_ipv6_address_equals_ipv4(client: APIClient) -> None:
    assert is_let_through(client, REMOTE_ADDR="198.51.100.1")

    assert not is_let_through(client, REMOTE_ADDR="::ffff:198.51.100.1")
    assert is_let_through(client, REMOTE_ADDR="::ffff:198.51.100.2")
