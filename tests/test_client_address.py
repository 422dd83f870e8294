"""Whom a request is counted against: the client's address, as far as it can be believed."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

ANYBODY = "/api/referral-codes/QQQQQQ/"


@pytest.fixture(autouse=True)
def one_lookup_an_hour(settings: Settings) -> None:
    settings.LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS = "1/hour"


def is_let_through(client: APIClient, **headers: str) -> bool:
    status = client.get(ANYBODY, **headers).status_code
    assert status in (404, 429)
    return status == 404


def test_without_a_proxy_a_forwarded_address_is_the_clients_own_invention(client: APIClient) -> None:
    assert is_let_through(client, REMOTE_ADDR="198.51.100.1")

    for forged in ("203.0.113.1", "203.0.113.2, 203.0.113.3", "127.0.0.1", "garbage", ""):
        assert not is_let_through(client, REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR=forged)
        assert not is_let_through(client, REMOTE_ADDR="198.51.100.1", HTTP_X_REAL_IP=forged)
        assert not is_let_through(client, REMOTE_ADDR="198.51.100.1", HTTP_FORWARDED=f"for={forged}")


def test_behind_a_proxy_only_what_the_proxy_added_counts(client: APIClient, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    proxy = {"REMOTE_ADDR": "172.18.0.2"}
    assert is_let_through(client, HTTP_X_FORWARDED_FOR="198.51.100.1", **proxy)

    assert is_let_through(client, HTTP_X_FORWARDED_FOR="198.51.100.2", **proxy)
    for forged in ("203.0.113.1", "203.0.113.2, 203.0.113.3", "garbage"):
        assert not is_let_through(client, HTTP_X_FORWARDED_FOR=f"{forged}, 198.51.100.1", **proxy)


def test_behind_two_proxies_the_second_last_address_counts(client: APIClient, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 2
    assert is_let_through(client, HTTP_X_FORWARDED_FOR="203.0.113.1, 198.51.100.1, 10.0.0.1")

    assert not is_let_through(client, HTTP_X_FORWARDED_FOR="203.0.113.2, 198.51.100.1, 10.0.0.2")
    assert is_let_through(client, HTTP_X_FORWARDED_FOR="203.0.113.2, 198.51.100.2, 10.0.0.1")


def test_a_proxy_that_says_nothing_is_counted_itself(client: APIClient, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1

    assert is_let_through(client, REMOTE_ADDR="172.18.0.2")
    assert not is_let_through(client, REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR="unknown")


@pytest.mark.parametrize("same", ["2001:db8:1:2::2", "2001:0DB8:1:2:ffff:ffff:ffff:ffff"])
def test_the_addresses_of_one_ipv6_network_count_as_one(client: APIClient, same: str) -> None:
    assert is_let_through(client, REMOTE_ADDR="2001:db8:1:2::1")

    assert not is_let_through(client, REMOTE_ADDR=same)
    assert is_let_through(client, REMOTE_ADDR="2001:db8:1:3::1")


def test_an_ipv4_address_written_as_ipv6_is_the_same(client: APIClient) -> None:
    assert is_let_through(client, REMOTE_ADDR="198.51.100.1")

    assert not is_let_through(client, REMOTE_ADDR="::ffff:198.51.100.1")
    assert is_let_through(client, REMOTE_ADDR="::ffff:198.51.100.2")
