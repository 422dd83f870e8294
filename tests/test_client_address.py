"""The client IP that limits use, with and without trusted proxies."""

import pytest
from django.test import Client
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
    assert not is_let_through(client, REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR="")


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("198.51.100.7:17085", "198.51.100.7"),
        ("[2001:db8:7::1]:4711", "2001:db8:7::2"),
        ("[2001:db8:7::1]", "2001:db8:7::1"),
        ('"[2001:db8:7::1]:4711"', "2001:db8:7::1"),
        ("fe80::1%eth0", "fe80::2"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("for=198.51.100.7", "198.51.100.7"),
        ("For=198.51.100.7:_port;proto=https", "198.51.100.7"),
        ('proto=http;for="[2001:db8:7::1]:4711";by=203.0.113.43', "2001:db8:7::1"),
        ('by="a;for=203.0.113.1";for="198.51.100.7"', "198.51.100.7"),
        ('for=192.0.2.43, for="198.51.100.7"', "198.51.100.7"),
        ('for="1.2.3.4, 5.6.7.8", for=198.51.100.7', "198.51.100.7"),
    ],
)
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_every_form_of_an_address_is_read(
    client: APIClient, settings: Settings, header: str, written: str, same: str
) -> None:
    settings.TRUSTED_PROXIES, settings.CLIENT_ADDRESS_HEADER = 1, header
    name = f"HTTP_{header.upper().replace('-', '_')}"
    assert is_let_through(client, REMOTE_ADDR="172.18.0.2", **{name: written})

    assert not is_let_through(client, REMOTE_ADDR="172.18.0.3", **{name: same})
    assert is_let_through(client, REMOTE_ADDR="172.18.0.2", **{name: "203.0.113.200"})


@pytest.mark.parametrize("forged", ['for=203.0.113.1;x="', '"', 'for="203.0.113.1', '\\"', 'for=203.0.113.1;x="\\'])
@pytest.mark.parametrize("added", ["for=198.51.100.7", 'for="198.51.100.7:80"', '"198.51.100.7"', "198.51.100.7"])
def test_quotes_of_a_client_hide_nothing_that_the_proxy_adds(
    client: APIClient, settings: Settings, forged: str, added: str
) -> None:
    settings.TRUSTED_PROXIES = 1
    assert is_let_through(client, REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR="198.51.100.7")

    assert not is_let_through(client, REMOTE_ADDR="172.18.0.2", HTTP_X_FORWARDED_FOR=f"{forged}, {added}")


@pytest.mark.parametrize(
    "unreadable",
    [
        "unknown",
        "_hidden",
        "for=unknown",
        'for="_mdn"',
        "for=_secret:80",
        "garbage",
        "198.51.100.7:x",
        "1.2.3",
        "[::1",
        ";",
    ],
)
def test_what_is_no_address_is_an_error_of_the_settings(client: APIClient, settings: Settings, unreadable: str) -> None:
    settings.TRUSTED_PROXIES = 1

    refused = client.get(LOOKUP, HTTP_X_FORWARDED_FOR=f"198.51.100.7, {unreadable}", REMOTE_ADDR="172.18.0.2")
    page = Client().get("/r/QQQQQQ/", HTTP_X_FORWARDED_FOR=unreadable, REMOTE_ADDR="172.18.0.2")

    assert refused.status_code == page.status_code == 500
    assert refused.json()["code"] == "proxy_misconfigured"
    assert "its proxy reports no address" in page.content.decode()
    assert is_let_through(client, REMOTE_ADDR="172.18.0.2")  # the proxy was not counted


def test_it_is_logged_once_without_the_address(
    client: APIClient, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TRUSTED_PROXIES, settings.CLIENT_ADDRESS_HEADER = 1, "X-Client"

    for _ in range(3):
        client.get(LOOKUP, HTTP_X_CLIENT="198.51.100.7;198.51.100.8")

    lines = [record.getMessage() for record in caplog.records if "trusted proxy" in record.getMessage()]
    assert len(lines) == 1
    assert "X-Client" in lines[0]
    assert "198" not in lines[0]


@pytest.mark.parametrize("same", ["2001:db8:1:2::2", "2001:0DB8:1:2:ffff:ffff:ffff:ffff"])
def test_ipv6_addresses_of_one_network_count_as_one(client: APIClient, same: str) -> None:
    assert is_let_through(client, REMOTE_ADDR="2001:db8:1:2::1")

    assert not is_let_through(client, REMOTE_ADDR=same)
    assert is_let_through(client, REMOTE_ADDR="2001:db8:1:3::1")


def test_ipv4_mapped_ipv6_address_equals_ipv4(client: APIClient) -> None:
    assert is_let_through(client, REMOTE_ADDR="198.51.100.1")

    assert not is_let_through(client, REMOTE_ADDR="::ffff:198.51.100.1")
    assert is_let_through(client, REMOTE_ADDR="::ffff:198.51.100.2")
