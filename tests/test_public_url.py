"""Links begin with PUBLIC_URL, whatever host a request names."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import api_client, create_user, create_users, phone_number, request_code, service_client
from tests.support.pages import signed_in_browser

PUBLIC = "https://referral.example"
HOSTS = ("127.0.0.1:99", "localhost", "evil.example")

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("host", HOSTS)]


@pytest.fixture(autouse=True)
def public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC
    settings.ALLOWED_HOSTS = ["*"]


def link_of_registration(host: str) -> Any:
    body = {"phone_number": phone_number()}
    return APIClient().post("/api/registration/", body, headers={"Host": host}).json()["verify_url"]


def link_of_login(host: str) -> Any:
    phone = phone_number()
    body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
    return APIClient().post("/api/login/", body, headers={"Host": host}).json()["profile"]["referral_link"]


def link_of_profile(host: str) -> Any:
    return api_client(create_user()).get("/api/profile/", headers={"Host": host}).json()["referral_link"]


def next_page(host: str) -> Any:
    create_users(2)
    answer = service_client().get("/api/users/?page_size=1", headers={"Host": host})
    return answer.json()["next"]


def previous_page(host: str) -> Any:
    create_users(2)
    staff = service_client()
    second = staff.get(staff.get("/api/users/?page_size=1").json()["next"], headers={"Host": host})
    return second.json()["previous"]


def link_on_the_page(host: str) -> Any:
    html = signed_in_browser(create_user()).get("/profile/", headers={"Host": host}).content.decode()
    return re.findall(r'data-share="([^"]+)"', html)[0]


@pytest.mark.parametrize(
    "link", [link_of_registration, link_of_login, link_of_profile, next_page, previous_page, link_on_the_page]
)
def test_links_begin_with_the_public_url(host: str, link: Callable[[str], str]) -> None:
    assert link(host).startswith(f"{PUBLIC}/")


def test_the_qr_code_is_the_same_for_every_host(host: str) -> None:
    there, here = (Client().get("/r/CDFHJK/qr.svg", headers={"Host": name}) for name in (host, "referral.example"))

    assert there.status_code == 200
    assert there.content == here.content


def test_the_redirect_to_https_leads_to_the_public_host(host: str, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_SSL_HOST = True, "referral.example"

    answer = Client().get("/profile/?x=1", headers={"Host": host})

    assert (answer.status_code, answer.headers["Location"]) == (301, f"{PUBLIC}/profile/?x=1")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/profile/"),
        ("get", "/settings/"),
        ("get", "/admin/"),
        ("get", "/favicon.ico"),
        ("get", "/admin"),
        ("post", "/theme/"),
        ("post", "/settings/sign-out/"),
    ],
)
def test_other_redirects_name_no_host(host: str, method: str, path: str) -> None:
    answer = getattr(Client(), method)(path, headers={"Host": host})

    assert answer.status_code in (301, 302)
    assert answer.headers["Location"].startswith("/")


@pytest.mark.parametrize("url", ["http://127.0.0.1:99/settings/", "//127.0.0.1:99/", "https://evil.example/"])
def test_no_redirect_leads_to_a_host_that_a_request_names(host: str, url: str) -> None:
    answer = Client().post("/theme/", {"theme": "dark", "next": url}, headers={"Host": host})

    assert answer.headers["Location"] == "/"
