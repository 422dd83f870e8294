"""Security headers, caching and cookies."""

import base64
import hashlib
import re
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR
from tests.support import factories
from tests.support.manage import clean_environment
from tests.support.panel import CODES, PEOPLE, panel_client, user_page

pytestmark = pytest.mark.django_db

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGES = ["/admin/login/", "/api/schema/swagger-ui/", "/api/schema/redoc/"]


def policy_of(answer: Any) -> dict[str, list[str]]:
    """Return the sources of the content security policy by directive."""
    directives = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in filter(None, directives)}


@pytest.mark.parametrize("path", [*PAGES, "/", "/api/profile/", "/health/live/", "/api/nothing/", "/nothing/"])
def test_every_response_has_the_security_headers(path: str) -> None:
    answer = Client().get(path)

    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert policy_of(answer)["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize("path", ["/api/profile/", "/api/users/", "/api/referral-codes/XXXXXX/", "/health/ready/"])
def test_api_responses_forbid_scripts_and_caching(path: str) -> None:
    answer = factories.api_client(factories.create_staff()).get(path)

    assert policy_of(answer)["default-src"] == ["'none'"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_sign_in_responses_are_not_cached(client: APIClient) -> None:
    answer = client.post("/api/registration/", {"phone_number": factories.phone_number()})

    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_policy_forbids_inline_and_foreign_scripts(path: str) -> None:
    answer = Client().get(path)

    policy = policy_of(answer)
    scripts = policy.get("script-src", policy["default-src"])
    assert set(scripts) <= {"'self'", "'unsafe-eval'"}
    assert ("'unsafe-eval'" in scripts) == path.startswith("/admin/")
    assert policy["object-src"] == policy["base-uri"] == ["'none'"]
    assert not re.findall(r"<script(?![^>]*\bsrc=)", answer.content.decode())


@pytest.mark.parametrize("path", [*PAGES, "/admin/", PEOPLE, CODES, "person"])
def test_style_elements_match_the_policy_digests(path: str) -> None:
    person = factories.create_user()

    answer = panel_client(factories.create_superuser()).get(user_page(person) if path == "person" else path)

    elements = re.findall(r"<style[^>]*>(.*?)</style>", answer.content.decode(), flags=re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(element.encode()).digest()).decode() for element in elements]
    assert {f"'sha256-{digest}'" for digest in digests} <= set(policy_of(answer)["style-src"])


def test_panel_pages_are_not_cached() -> None:
    page = panel_client(factories.create_superuser()).get(PEOPLE)

    assert "no-store" in page.headers["Cache-Control"]


def test_cookies_are_httponly_and_samesite() -> None:
    client = Client()
    factories.create_superuser(phone_number="+79990000000", password="correct horse battery")
    client.get("/admin/login/")

    client.post("/admin/login/", {"username": "+79990000000", "password": "correct horse battery"})

    assert set(client.cookies) == {"session", "csrf"}
    assert all(cookie["httponly"] and cookie["samesite"] == "Lax" for cookie in client.cookies.values())


IN_PRODUCTION = """
import django
from django.conf import settings
django.setup()
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
from django.test import Client
answer = Client().get("/admin/login/", secure=True, headers={"host": "localhost"})
for cookie in answer.cookies.values():
    print(cookie.OutputString())
print(answer.headers["Strict-Transport-Security"])
"""


def test_production_cookies_are_secure_and_host_only() -> None:
    environment = clean_environment()
    environment |= {"DJANGO_SETTINGS_MODULE": "referral_project.settings", "DEBUG": "False", "SECRET_KEY": "k" * 60}
    environment["PUBLIC_URL"] = "https://referral.example"
    command = [sys.executable, "-c", IN_PRODUCTION]

    result = subprocess.run(command, env=environment, cwd=BASE_DIR, capture_output=True, text=True, check=True)

    cookie, hsts = result.stdout.splitlines()
    assert cookie.startswith("__Host-csrf=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert hsts == "max-age=31536000; includeSubDomains; preload"
