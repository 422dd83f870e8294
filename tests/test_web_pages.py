"""Start page, settings, language, theme and error pages."""

import json
import re
from http.cookies import Morsel
from pathlib import Path
from urllib.parse import quote

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils.translation import override
from pytest_django import Settings

from tests.support import pages
from tests.support.api import break_registration
from tests.support.factories import create_user
from tests.support.pages import anonymous_browser, signed_in_browser, text_of
from users import refusals
from users.models import User
from web.middleware import RefusalPages

pytestmark = pytest.mark.django_db

EVERYWHERE = ["/", "/sign-in/", "/r/222222/", "/nowhere/"]
SIGNED_IN = ["/", "/profile/", "/settings/", "/settings/erase/", "/r/222222/"]


class TestStartPage:
    @pytest.mark.parametrize("path", ["/api/schema/swagger-ui/", "/api/schema/redoc/", "/admin/", "/sign-in/"])
    def test_start_page_links_to_sign_in(self, path: str) -> None:
        browser = anonymous_browser()

        assert f'href="{path}"' in browser.get("/").content.decode()
        assert browser.get(path, follow=True).status_code == 200

    def test_signed_in_user_gets_a_link_to_the_profile(self) -> None:
        assert 'href="/profile/"' in signed_in_browser(create_user()).get("/").content.decode()

    @pytest.mark.parametrize("file", ["referral.postman_collection.json", "local.postman_environment.json"])
    def test_postman_collection_is_served(self, file: str) -> None:
        browser = anonymous_browser()

        assert f'href="/postman/{file}"' in browser.get("/").content.decode()
        answer = browser.get(f"/postman/{file}")
        assert "Referral service" in json.dumps(json.loads(b"".join(answer.streaming_content)))
        assert answer["Content-Disposition"] == f'attachment; filename="{file}"'

    @pytest.mark.parametrize("file", ["run.py", "..", "%2e%2e%2fmanage.py", "README.md", "nowhere.json"])
    def test_other_files_are_not_served(self, file: str) -> None:
        assert anonymous_browser().get(f"/postman/{file}").status_code == 404


class TestSettings:
    def test_name_is_saved(self) -> None:
        browser = signed_in_browser(create_user())

        answer = pages.submit_form(browser, "/settings/", {"username": "Жанна д’Арк"})

        assert "Your name is saved." in text_of(answer)
        assert text_of(browser.get("/profile/")).startswith("Жанна д’Арк")

    def test_name_can_be_removed(self) -> None:
        anna = create_user(username="Anna")

        pages.submit_form(signed_in_browser(anna), "/settings/", {"username": ""})

        anna.refresh_from_db()
        assert anna.username == ""

    @pytest.mark.parametrize("name", ["\N{GRINNING FACE}", "x" * 151, "a\x00b", "a\u202eb"])
    def test_invalid_name_is_an_error_at_its_field(self, name: str) -> None:
        anna = create_user(username="Anna")

        answer = pages.submit_form(signed_in_browser(anna), "/settings/", {"username": name})

        anna.refresh_from_db()
        assert 'aria-invalid="true"' in answer.content.decode()
        assert anna.username == "Anna"

    def test_account_deletion_takes_two_steps(self) -> None:
        anna = create_user()
        came = create_user(invited_by=anna)
        here, there = signed_in_browser(anna), signed_in_browser(anna)

        hesitant = pages.submit_form(here, "/settings/erase/", {})
        still_there = User.objects.filter(pk=anna.pk).exists()
        answer = pages.submit_form(here, "/settings/erase/", {"understood": "on"})

        assert "This field is required" in text_of(hesitant)
        assert still_there
        assert answer.redirect_chain == [("/", 302)]
        assert "Everything about you is deleted." in text_of(answer)
        assert not User.objects.filter(pk=anna.pk).exists()
        assert there.get("/profile/").status_code == 302
        assert anna.referral_code in text_of(signed_in_browser(came).get("/profile/"))


class TestLanguages:
    @pytest.mark.parametrize("path", SIGNED_IN)
    def test_every_page_is_translated(self, path: str) -> None:
        browser = signed_in_browser(create_user())
        english = text_of(browser.get(path))
        pages.submit_form(browser, "/language/", {"language": "ru"}, page="/")

        answer = browser.get(path)

        assert '<html lang="ru"' in answer.content.decode()
        sentences = {part for part in re.findall(r"[A-Za-z ,]{12,}", english) if part.strip()}
        assert sentences
        assert not [part for part in sentences if part in text_of(answer)]

    def test_default_language_comes_from_the_browser(self) -> None:
        answer = anonymous_browser().get("/sign-in/", headers={"Accept-Language": "ru-RU,ru;q=0.9"})

        assert "Номер телефона" in text_of(answer)

    def test_choice_redirects_back_and_is_kept(self) -> None:
        browser = anonymous_browser()

        answer = pages.submit_form(
            browser, "/language/", {"language": "ru", "next": "/sign-in/?next=/settings/"}, page="/"
        )

        assert answer.redirect_chain == [("/sign-in/?next=/settings/", 302)]
        assert text_of(answer).startswith("Войти")
        assert int(cookie(browser, "django_language")["max-age"]) > 300 * 24 * 3600

    def test_errors_use_the_chosen_language(self) -> None:
        anna = create_user()
        browser = signed_in_browser(anna)
        pages.submit_form(browser, "/language/", {"language": "ru"}, page="/")

        answer = pages.submit_form(browser, "/profile/", {"used_referral_code": anna.referral_code})

        assert "Это ваш собственный код" in text_of(answer)


class TestTheme:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_choice_redirects_back_and_is_kept(self, theme: str) -> None:
        browser = anonymous_browser()

        answer = pages.submit_form(browser, "/theme/", {"theme": theme, "next": "/sign-in/"}, page="/")

        assert answer.redirect_chain == [("/sign-in/", 302)]
        assert colours_of(answer) == theme
        assert cookie(browser, "theme")["httponly"]

    def test_default_theme_is_that_of_the_system(self) -> None:
        browser = anonymous_browser()
        pages.submit_form(browser, "/theme/", {"theme": "dark"}, page="/")

        answer = pages.submit_form(browser, "/theme/", {"theme": ""}, page="/")

        assert colours_of(answer) == "light dark"

    @pytest.mark.parametrize("theme", ['"><script>', "pink"])
    def test_unknown_theme_is_ignored(self, theme: str) -> None:
        browser = anonymous_browser()
        browser.cookies["theme"] = theme.replace('"', "'")

        assert colours_of(browser.get("/")) == "light dark"

    def test_choice_does_not_redirect_to_other_hosts(self) -> None:
        answer = pages.submit_form(
            anonymous_browser(), "/theme/", {"theme": "dark", "next": "https://evil.example/"}, page="/"
        )

        assert answer.redirect_chain == [("/", 302)]


class TestErrorPages:
    def test_not_found(self) -> None:
        answer = anonymous_browser().get("/nowhere/")

        assert answer.status_code == 404
        assert "There is nothing here" in text_of(answer)

    def test_server_error(self, settings: Settings) -> None:
        break_registration(settings)
        browser = Client(raise_request_exception=False)

        answer = pages.submit_form(browser, "/sign-in/", {"phone_number": "+7 999 123-45-67"})

        assert answer.status_code == 500
        assert "Something broke on our side" in text_of(answer)
        assert answer["X-Request-ID"] in text_of(answer)

    def test_unknown_host(self, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["referral.example"]

        answer = Client().get("/", headers={"Host": "evil.example"})

        assert answer.status_code == 400
        assert "We could not read the request" in text_of(answer)

    def test_csrf_failure(self) -> None:
        answer = anonymous_browser().post("/sign-in/", {"phone_number": "+7 999 123-45-67"})

        assert answer.status_code == 403
        assert "Open the page again" in text_of(answer)

    def test_limit_without_a_form_shows_when_to_retry(self) -> None:
        refusal = refusals.CodeRecentlySent(retry_after=42)

        answer = RefusalPages(no_answer).process_exception(RequestFactory().get("/r/K7M2XP/"), refusal)

        assert answer.status_code == 429
        assert answer["Retry-After"] == "42"
        assert "Ask for a new one in 42 s" in text_of(answer)

    def test_other_domain_error_without_a_form_is_a_page(self) -> None:
        answer = RefusalPages(no_answer).process_exception(RequestFactory().get("/"), refusals.AccountDisabled())

        assert answer.status_code == 400
        assert "This account is disabled" in text_of(answer)

    def test_other_exceptions_are_not_handled(self) -> None:
        assert RefusalPages(no_answer).process_exception(RequestFactory().get("/"), ValueError()) is None


HOSTILE = [
    "\x00",
    "\ud800",
    "\N{GRINNING FACE}",
    "'\"><script>alert(1)</script>",
    "%s%n{{7*7}}",
    "x" * 5_000,
    "٣" * 6,
    "\u202e",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:10]))
def test_no_input_causes_a_server_error(text: str) -> None:
    known, unknown = Client(), Client()  # the test client raises exceptions that a server turns into a 500
    pages.sign_in(known, str(create_user().phone_number))
    pages.request_code(unknown, str(create_user().phone_number))
    fields = ["phone_number", "used_referral_code", "next", "confirmation_code", "username", "language", "theme", "x"]
    paths = ["/sign-in/", "/sign-in/code/", "/profile/", "/settings/", "/settings/erase/", "/language/", "/theme/"]
    address = quote(text, safe="", errors="surrogatepass")
    typed, form = "&".join(f"{field}={address}" for field in fields), "application/x-www-form-urlencoded"

    answers = [browser.post(path, typed, content_type=form) for path in paths for browser in (known, unknown)]
    answers += [
        browser.get(f"{path}?next={address}&before={address}") for path in paths for browser in (known, unknown)
    ]
    answers += [
        unknown.get(f"/{path}/{address}{rest}") for path in ("r", "postman", "") for rest in ("", "/", "/qr.svg")
    ]

    assert {answer.status_code for answer in answers} <= {200, 301, 302, 403, 404, 405}
    assert not [answer for answer in answers if b"<script>alert" in answer.content]


@pytest.mark.parametrize("template", ["400", "403", "403_csrf", "404", "429", "500", "503"])
@pytest.mark.parametrize(("language", "word"), [("en", "To the start page"), ("ru", "На главную")])
def test_error_page_needs_no_request_context_or_database(
    template: str, language: str, word: str, django_assert_num_queries
) -> None:
    with override(language), django_assert_num_queries(0):
        html = render_to_string(f"{template}.html")

    assert word in html
    assert f"{template[:3]}" in html


def test_error_page_works_without_collected_static_files(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "common.http.static_files.StaticFiles"}}

    assert "/static/web/theme.css" in render_to_string("503.html")


@pytest.mark.parametrize("path", [*EVERYWHERE, *SIGNED_IN])
def test_pages_have_no_inline_code_and_no_other_hosts(path: str) -> None:
    html = signed_in_browser(create_user()).get(path).content.decode()

    assert not re.findall(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.findall(r"<script(?![^>]*\ssrc=)", html)
    assert not re.findall(r"""(?:src|action)=["'](?:https?:)?//""", html)


@pytest.mark.parametrize("path", SIGNED_IN[1:])
def test_personal_pages_are_not_cached(path: str) -> None:
    assert "no-store" in signed_in_browser(create_user()).get(path)["Cache-Control"]


def no_answer(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


def colours_of(answer: HttpResponse) -> str:
    """Return the color scheme of a page."""
    (colours,) = re.findall('<meta name="color-scheme" content="([^"]*)">', answer.content.decode())
    return str(colours)


def cookie(browser: Client, name: str) -> "Morsel[str]":
    return browser.cookies[name]
