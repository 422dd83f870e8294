"""The programme's own name, colour, logo, links and texts on pages, panel and messages."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from common.brand.colours import contrast, parse
from tests.support import factories
from tests.support.fake_gateways import Gateway
from tests.support.panel import panel_client

pytestmark = pytest.mark.django_db

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>'
LIGHT_PAGE, DARK_PAGE, WHITE, DARK_PANEL = "#f7f6f2", "#131512", "#ffffff", "#101828"
#: White, black, pale, loud and muddy colours, and those at the border between dark and light text.
COLOURS = ("#fff", "#000", "#ffd60a", "#0e5a44", "#ff0000", "#00ff00", "#0000ff", "#757575", "#7f7f7f", "#808000")


def sheet(client: Client, name: str) -> dict[str, str]:
    """Return the properties of a style sheet."""
    answer = client.get(f"/brand/{name}.css")
    assert answer.headers["Content-Type"].startswith("text/css")
    return dict(re.findall(r"(--[\w-]+): (#\w+);", answer.content.decode()))


def ratio(one: str, two: str) -> float:
    return contrast(parse(one), parse(two))


@pytest.mark.parametrize("colour", COLOURS)
def test_text_in_any_brand_colour_is_readable(client: Client, settings: Settings, colour: str) -> None:
    settings.BRAND_COLOR = colour

    light, dark, panel = (sheet(client, name) for name in ("pages-light", "pages-dark", "panel"))

    pairs = [(light["--accent"], LIGHT_PAGE), (dark["--accent"], DARK_PAGE), (panel["--color-primary-600"], WHITE)]
    pairs += [(panel["--color-primary-500"], DARK_PANEL), (panel["--color-primary-400"], DARK_PANEL)]
    for each in (light, dark):
        pairs += [(each["--on-accent"], each["--button"]), (each["--on-accent"], each["--button-strong"])]
        pairs += [(each["--on-ticket"], each["--ticket"]), (each["--on-ticket-muted"], each["--ticket"])]
    assert [(pair, ratio(*pair)) for pair in pairs if ratio(*pair) < 4.5] == []


def test_pages_and_panel_load_the_colours(client: Client, settings: Settings) -> None:
    settings.BRAND_COLOR = "#ffd60a"

    for path, sheets in (("/", ("pages-light", "pages-dark")), ("/admin/login/", ("panel",))):
        html = client.get(path).content.decode()
        for name in sheets:
            assert f'href="/brand/{name}.css?v=ffd60a"' in html


def test_the_icon_has_the_brand_colour(client: Client, settings: Settings) -> None:
    settings.BRAND_COLOR = "#ffd60a"

    for path in ("/", "/admin/login/"):
        assert 'href="/brand/icon.svg?v=ffd60a"' in client.get(path).content.decode()
    icon = client.get("/brand/icon.svg")

    assert icon["Content-Type"] == "image/svg+xml"
    assert 'fill="#ffd60a"' in icon.content.decode()
    assert "#0e5a44" not in icon.content.decode()


def test_unknown_style_sheets_and_a_missing_logo_are_not_found(client: Client) -> None:
    assert client.get("/brand/other.css").status_code == 404
    assert client.get("/brand/logo").status_code == 404


def test_name_and_links_are_on_every_page_even_after_an_error(settings: Settings) -> None:
    settings.SERVICE_NAME = "Acme <Friends>"
    settings.SUPPORT_URL, settings.TERMS_URL = "mailto:help@acme.example", "https://acme.example/terms"
    settings.SHOW_DEVELOPER_LINKS = False
    browser = Client()

    start = browser.get("/").content.decode()
    pages = [start, browser.get("/sign-in/").content.decode(), render_to_string("500.html")]

    for html in pages:
        assert "Acme &lt;Friends&gt;" in html
        assert "Referral service" not in html
        assert 'href="mailto:help@acme.example"' in html
        assert 'href="https://acme.example/terms"' in html
    assert "Privacy" not in start
    assert not [link for link in ("/api/schema/", "/postman/", "/admin/") if link in start]
    panel = panel_client(factories.create_superuser()).get("/admin/").content.decode()
    assert "Acme &lt;Friends&gt;" in panel
    assert "Referral service" not in panel


def test_welcome_text_is_shown_in_the_language_of_the_reader(settings: Settings) -> None:
    settings.WELCOME_TEXT_EN = "Ten per cent off for each friend"
    inviter = factories.create_user()

    def texts(language: str) -> Iterator[str]:
        for path in ("/", f"/r/{inviter.referral_code}/"):
            yield Client(headers={"Accept-Language": language}).get(path).content.decode()

    assert all("Ten per cent off" in html for language in ("en", "ru") for html in texts(language))
    settings.WELCOME_TEXT_RU = "Скидка за каждого друга"
    assert all("Скидка за каждого друга" in html and "Ten per cent" not in html for html in texts("ru"))


def test_messages_begin_with_the_name(client: APIClient, settings: Settings) -> None:
    settings.SERVICE_NAME = "Acme"
    phone = factories.phone_number()
    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        factories.request_code(client, phone)

    assert gateway.message_to(phone).startswith("Acme: Your code is ")


def test_logo_is_served_as_an_image_that_runs_no_script(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.BRAND_LOGO = str(tmp_path / "logo.svg")
    Path(settings.BRAND_LOGO).write_text(SVG)

    html = client.get("/").content.decode()
    url = re.findall(r'src="(/brand/logo[^"]*)"', html)[0]
    logo = client.get(url)

    assert f'rel="icon" href="{url}" type="image/svg+xml"' in html
    assert logo.headers["Content-Type"] == "image/svg+xml"
    assert "sandbox" in logo.headers["Content-Security-Policy"]
    assert "immutable" in logo.headers["Cache-Control"]
    assert f'src="{url}"' in panel_client(factories.create_superuser()).get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BRAND_COLOR", "green"),
        ("BRAND_LOGO", "no/such.svg"),
        ("BRAND_LOGO", "manage.py"),
        ("SUPPORT_URL", "javascript:alert(1)"),
        ("TERMS_URL", "acme.example/terms"),
        ("SERVICE_NAME", "A" * 41),
    ],
)
def test_a_wrong_value_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=name):
        runpy.run_module("referral_project.settings.brand")


def test_a_logo_beside_manage_py_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAND_LOGO", "web/static/web/icon.svg")
    monkeypatch.setenv("SUPPORT_URL", "mailto:help@acme.example")

    loaded: dict[str, Any] = runpy.run_module("referral_project.settings.brand")

    assert Path(loaded["BRAND_LOGO"]).is_file()
    assert loaded["SUPPORT_URL"] == "mailto:help@acme.example"
