"""The start page, settings, languages, colours, and what is shown when something goes wrong."""

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
from tests.support.factories import invited_by, person
from tests.support.pages import at_the_door, browser_of, text_of
from users import refusals
from users.models import User
from web.middleware import RefusalPages

pytestmark = pytest.mark.django_db

EVERYWHERE = ["/", "/sign-in/", "/r/222222/", "/nowhere/"]
SIGNED_IN = ["/", "/profile/", "/settings/", "/settings/erase/", "/r/222222/"]


class TestTheStartPage:
    @pytest.mark.parametrize("path", ["/api/schema/swagger-ui/", "/api/schema/redoc/", "/admin/", "/sign-in/"])
    def test_leads_on(self, path: str) -> None:
        browser = at_the_door()

        assert f'href="{path}"' in browser.get("/").content.decode()
        assert browser.get(path, follow=True).status_code == 200

    def test_leads_whoever_is_signed_in_to_their_profile(self) -> None:
        assert 'href="/profile/"' in browser_of(person()).get("/").content.decode()

    @pytest.mark.parametrize("file", ["referral.postman_collection.json", "local.postman_environment.json"])
    def test_offers_the_postman_collection(self, file: str) -> None:
        browser = at_the_door()

        assert f'href="/postman/{file}"' in browser.get("/").content.decode()
        answer = browser.get(f"/postman/{file}")
        assert "Referral service" in json.dumps(json.loads(b"".join(answer.streaming_content)))
        assert answer["Content-Disposition"] == f'attachment; filename="{file}"'

    @pytest.mark.parametrize("file", ["run.py", "..", "%2e%2e%2fmanage.py", "README.md", "nowhere.json"])
    def test_offers_no_other_file(self, file: str) -> None:
        assert at_the_door().get(f"/postman/{file}").status_code == 404


class TestSettings:
    def test_a_name_is_saved_and_shown(self) -> None:
        browser = browser_of(person())

        answer = pages.send(browser, "/settings/", {"username": "Жанна д’Арк"})

        assert "Your name is saved." in text_of(answer)
        assert text_of(browser.get("/profile/")).startswith("Жанна д’Арк")

    def test_a_name_can_be_taken_away(self) -> None:
        anna = person(username="Anna")

        pages.send(browser_of(anna), "/settings/", {"username": ""})

        anna.refresh_from_db()
        assert anna.username == ""

    @pytest.mark.parametrize("name", ["\N{GRINNING FACE}", "x" * 151, "a\x00b", "a\u202eb"])
    def test_a_name_that_is_none_is_told_at_its_field(self, name: str) -> None:
        anna = person(username="Anna")

        answer = pages.send(browser_of(anna), "/settings/", {"username": name})

        anna.refresh_from_db()
        assert 'aria-invalid="true"' in answer.content.decode()
        assert anna.username == "Anna"

    def test_deleting_ones_data_takes_two_steps_and_ends_everything(self) -> None:
        anna = person()
        came = invited_by(anna)
        here, there = browser_of(anna), browser_of(anna)

        hesitant = pages.send(here, "/settings/erase/", {})
        still_there = User.objects.filter(pk=anna.pk).exists()
        answer = pages.send(here, "/settings/erase/", {"understood": "on"})

        assert "This field is required" in text_of(hesitant)
        assert still_there
        assert answer.redirect_chain == [("/", 302)]
        assert "Everything about you is deleted." in text_of(answer)
        assert not User.objects.filter(pk=anna.pk).exists()
        assert there.get("/profile/").status_code == 302
        assert anna.referral_code in text_of(browser_of(came).get("/profile/"))


class TestLanguages:
    @pytest.mark.parametrize("path", SIGNED_IN)
    def test_every_page_is_in_russian_too(self, path: str) -> None:
        browser = browser_of(person())
        english = text_of(browser.get(path))
        pages.send(browser, "/language/", {"language": "ru"}, page="/")

        answer = browser.get(path)

        assert '<html lang="ru"' in answer.content.decode()
        sentences = {part for part in re.findall(r"[A-Za-z ,]{12,}", english) if part.strip()}
        assert sentences
        assert not [part for part in sentences if part in text_of(answer)]

    def test_the_browser_says_which_one_at_first(self) -> None:
        answer = at_the_door().get("/sign-in/", headers={"Accept-Language": "ru-RU,ru;q=0.9"})

        assert "Номер телефона" in text_of(answer)

    def test_a_choice_leads_back_to_the_page_and_lasts(self) -> None:
        browser = at_the_door()

        answer = pages.send(browser, "/language/", {"language": "ru", "next": "/sign-in/?next=/settings/"}, page="/")

        assert answer.redirect_chain == [("/sign-in/?next=/settings/", 302)]
        assert text_of(answer).startswith("Войти")
        assert int(cookie(browser, "django_language")["max-age"]) > 300 * 24 * 3600

    def test_refusals_are_told_in_it(self) -> None:
        anna = person()
        browser = browser_of(anna)
        pages.send(browser, "/language/", {"language": "ru"}, page="/")

        answer = pages.send(browser, "/profile/", {"used_referral_code": anna.referral_code})

        assert "Это ваш собственный код" in text_of(answer)


class TestColours:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_a_choice_leads_back_to_the_page_and_lasts(self, theme: str) -> None:
        browser = at_the_door()

        answer = pages.send(browser, "/theme/", {"theme": theme, "next": "/sign-in/"}, page="/")

        assert answer.redirect_chain == [("/sign-in/", 302)]
        assert colours_of(answer) == theme
        assert cookie(browser, "theme")["httponly"]

    def test_without_a_choice_they_are_those_of_the_system(self) -> None:
        browser = at_the_door()
        pages.send(browser, "/theme/", {"theme": "dark"}, page="/")

        answer = pages.send(browser, "/theme/", {"theme": ""}, page="/")

        assert colours_of(answer) == "light dark"

    @pytest.mark.parametrize("theme", ['"><script>', "pink"])
    def test_there_are_no_others(self, theme: str) -> None:
        browser = at_the_door()
        browser.cookies["theme"] = theme.replace('"', "'")

        assert colours_of(browser.get("/")) == "light dark"

    def test_a_choice_leads_to_no_other_host(self) -> None:
        answer = pages.send(at_the_door(), "/theme/", {"theme": "dark", "next": "https://evil.example/"}, page="/")

        assert answer.redirect_chain == [("/", 302)]


class TestWhatGoesWrong:
    def test_an_address_that_leads_nowhere(self) -> None:
        answer = at_the_door().get("/nowhere/")

        assert answer.status_code == 404
        assert "There is nothing here" in text_of(answer)

    def test_a_defect_of_ours(self, settings: Settings) -> None:
        settings.SMS_URL = None  # a setting that no code expects
        browser = Client(raise_request_exception=False)

        answer = pages.send(browser, "/sign-in/", {"phone_number": "+7 999 123-45-67"})

        assert answer.status_code == 500
        assert "Something broke on our side" in text_of(answer)
        assert answer["X-Request-ID"] in text_of(answer)

    def test_a_host_that_is_not_ours(self, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["referral.example"]

        answer = Client().get("/", headers={"Host": "evil.example"})

        assert answer.status_code == 400
        assert "We could not read the request" in text_of(answer)

    def test_a_form_that_is_too_old(self) -> None:
        answer = at_the_door().post("/sign-in/", {"phone_number": "+7 999 123-45-67"})

        assert answer.status_code == 403
        assert "Open the page again" in text_of(answer)

    def test_a_refusal_that_no_form_shows_says_when_to_come_back(self) -> None:
        refusal = refusals.CodeRecentlySent(retry_after=42)

        answer = RefusalPages(no_answer).process_exception(RequestFactory().get("/r/K7M2XP/"), refusal)

        assert answer.status_code == 429
        assert answer["Retry-After"] == "42"
        assert "Ask for a new one in 42 s" in text_of(answer)

    def test_any_other_refusal_that_no_form_shows_is_a_page_too(self) -> None:
        answer = RefusalPages(no_answer).process_exception(RequestFactory().get("/"), refusals.AccountDisabled())

        assert answer.status_code == 400
        assert "This account is disabled" in text_of(answer)

    def test_what_is_no_refusal_is_left_to_others(self) -> None:
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
def test_whatever_is_typed_or_asked_for_breaks_no_page(text: str) -> None:
    known, unknown = Client(), Client()  # they raise what a server would answer with 500
    pages.sign_in(known, str(person().phone_number))
    pages.ask_for_code(unknown, str(person().phone_number))
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
def test_the_page_of_an_error_needs_neither_a_request_nor_the_database(
    template: str, language: str, word: str, django_assert_num_queries
) -> None:
    with override(language), django_assert_num_queries(0):
        html = render_to_string(f"{template}.html")

    assert word in html
    assert f"{template[:3]}" in html


def test_the_page_of_an_error_does_without_files_that_were_not_collected(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "common.http.static_files.StaticFiles"}}

    assert "/static/web/theme.css" in render_to_string("503.html")


@pytest.mark.parametrize("path", [*EVERYWHERE, *SIGNED_IN])
def test_nothing_on_a_page_needs_an_exception_from_a_strict_policy_or_another_host(path: str) -> None:
    html = browser_of(person()).get(path).content.decode()

    assert not re.findall(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.findall(r"<script(?![^>]*\ssrc=)", html)
    assert not re.findall(r"""(?:src|action)=["'](?:https?:)?//""", html)


@pytest.mark.parametrize("path", SIGNED_IN[1:])
def test_a_page_of_mine_is_kept_by_no_cache(path: str) -> None:
    assert "no-store" in browser_of(person()).get(path)["Cache-Control"]


def no_answer(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


def colours_of(answer: HttpResponse) -> str:
    """The colours that a page tells the browser to use."""
    (colours,) = re.findall('<meta name="color-scheme" content="([^"]*)">', answer.content.decode())
    return str(colours)


def cookie(browser: Client, name: str) -> "Morsel[str]":
    return browser.cookies[name]
