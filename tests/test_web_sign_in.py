"""Signing in on the pages, by the same rules as by the API."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.support import factories, pages
from tests.support.factories import person, phone_number, wrong
from tests.support.pages import at_the_door, sign_in, text_of
from users.models import ConfirmationCode, User

pytestmark = pytest.mark.django_db

EXPOSED = "This is a trial"


def is_signed_in(browser: Client) -> bool:
    return browser.get("/profile/").status_code == 200


def test_a_newcomer_signs_in_and_gets_a_code_of_their_own() -> None:
    browser, phone = at_the_door(), phone_number()

    answer = sign_in(browser, phone)

    user = User.objects.get(phone_number=phone)
    assert answer.redirect_chain == [("/profile/", 302)]
    assert "Welcome!" in text_of(answer)
    assert user.referral_code in text_of(answer)


def test_somebody_known_signs_in_without_further_words() -> None:
    anna = person(username="Anna")

    answer = sign_in(at_the_door(), str(anna.phone_number))

    assert text_of(answer).startswith(f"Anna {anna.phone_number.as_international}")


@pytest.mark.parametrize("typed", ["8 (999) 123-45-67", "+7 999 1234567", "89991234567"])
def test_a_number_is_read_as_people_type_it_and_shown_for_reading(typed: str) -> None:
    browser = at_the_door()

    answer = pages.send(browser, "/sign-in/", {"phone_number": typed})

    assert "It was sent to +7 999 123-45-67" in text_of(answer)


@pytest.mark.parametrize("typed", ["12", "abc", "", "+7 999 1", "\x00"])
def test_a_number_that_is_none_is_told_at_its_field(typed: str) -> None:
    answer = pages.send(at_the_door(), "/sign-in/", {"phone_number": typed})

    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_phone_number_error"' in html
    assert "<title>Error: Sign in" in " ".join(html.split())
    assert not ConfirmationCode.objects.exists()


def test_the_field_of_the_code_is_made_for_phones() -> None:
    browser = at_the_door()
    pages.ask_for_code(browser, phone_number())

    html = browser.get("/sign-in/code/").content.decode()

    assert 'autocomplete="one-time-code"' in html
    assert 'inputmode="numeric"' in html


def test_the_code_is_shown_only_while_codes_are_exposed(settings: Settings) -> None:
    settings.CONFIRMATION_CODE_EXPOSED = False
    answer = pages.send(at_the_door(), "/sign-in/", {"phone_number": phone_number()})

    assert answer.redirect_chain == [("/sign-in/code/", 302)]
    assert EXPOSED not in text_of(answer)


def test_a_code_kept_from_before_is_hidden_once_codes_are_not_exposed(settings: Settings) -> None:
    browser = at_the_door()
    code = pages.ask_for_code(browser, phone_number())

    settings.CONFIRMATION_CODE_EXPOSED = False

    assert code not in text_of(browser.get("/sign-in/code/"))


def test_a_wrong_code_costs_a_try_and_the_right_one_still_signs_in() -> None:
    browser, phone = at_the_door(), phone_number()
    code = pages.ask_for_code(browser, phone)

    refused = pages.send(browser, "/sign-in/code/", {"confirmation_code": wrong(code)})
    accepted = pages.send(browser, "/sign-in/code/", {"confirmation_code": f" {code} "})

    assert "Wrong code. Tries left: 4." in text_of(refused)
    assert accepted.redirect_chain == [("/profile/", 302)]


@pytest.mark.parametrize("typed", ["", "12", "12345", "abcd", "１２３４"])
def test_what_can_be_no_code_costs_no_try(typed: str) -> None:
    browser = at_the_door()
    pages.ask_for_code(browser, phone_number())

    answer = pages.send(browser, "/sign-in/code/", {"confirmation_code": typed})

    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert ConfirmationCode.objects.get().wrong_tries == 0


def test_a_used_code_is_refused() -> None:
    phone, here, there = phone_number(), at_the_door(), at_the_door()
    code = pages.ask_for_code(here, phone)
    pages.send(there, "/sign-in/", {"phone_number": phone})
    pages.send(here, "/sign-in/code/", {"confirmation_code": code})

    answer = pages.send(there, "/sign-in/code/", {"confirmation_code": code})

    assert "No code is waiting for this number" in text_of(answer)
    assert not is_signed_in(there)


def test_asking_again_too_soon_is_told_with_the_time_to_wait_and_the_way_to_the_code() -> None:
    phone, here, there = phone_number(), at_the_door(), at_the_door()
    code = pages.ask_for_code(here, phone)

    answer = pages.send(there, "/sign-in/", {"phone_number": phone})

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert "Ask for a new one in" in text_of(answer)
    assert 'href="/sign-in/code/"' in answer.content.decode()
    assert pages.send(there, "/sign-in/code/", {"confirmation_code": code}).redirect_chain == [("/profile/", 302)]


def test_a_new_code_too_soon_is_refused_on_the_spot() -> None:
    browser = at_the_door()
    pages.ask_for_code(browser, phone_number())

    answer = pages.send(browser, "/sign-in/code/", {"resend": "yes"})

    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert "Ask for a new one in" in text_of(answer)


def test_a_new_code_voids_the_one_before(settings: Settings) -> None:
    settings.CONFIRMATION_CODE_RESEND_SECONDS = 0
    settings.CONFIRMATION_CODE_LENGTH = 8  # so that two codes are not the same by chance
    browser = at_the_door()
    first = pages.ask_for_code(browser, phone_number())

    answer = pages.send(browser, "/sign-in/code/", {"resend": "yes"})

    assert "A new code is on its way" in text_of(answer)
    assert "Wrong code" in text_of(pages.send(browser, "/sign-in/code/", {"confirmation_code": first}))


def test_a_gateway_that_fails_is_told_and_when_to_try_again(settings: Settings) -> None:
    settings.SMS_URL = "json://127.0.0.1:9/?:phone={phone}"  # a port that nothing listens on

    answer = pages.send(at_the_door(), "/sign-in/", {"phone_number": phone_number()})

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "The code could not be sent" in text_of(answer)


def test_a_disabled_account_is_told_so() -> None:
    banned = person(is_active=False)

    answer = sign_in(at_the_door(), str(banned.phone_number))

    assert "This account is disabled" in text_of(answer)


def test_the_code_page_without_a_number_leads_to_the_number() -> None:
    answer = at_the_door().get("/sign-in/code/")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")


def test_whoever_is_signed_in_is_not_asked_again() -> None:
    assert pages.browser_of(person()).get("/sign-in/")["Location"] == "/profile/"


@pytest.mark.parametrize("path", ["/profile/", "/settings/", "/settings/erase/"])
def test_a_page_for_those_signed_in_asks_to_sign_in_and_leads_back(path: str) -> None:
    browser = at_the_door()
    asked = browser.get(path)

    answer = sign_in(browser, str(person().phone_number), page=asked["Location"])

    assert asked.status_code == 302
    assert answer.redirect_chain == [(path, 302)]


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_sign_in_leads_to_no_other_host(address: str) -> None:
    answer = sign_in(at_the_door(), str(person().phone_number), page=f"/sign-in/?next={address}")

    assert answer.redirect_chain == [("/profile/", 302)]


def test_the_session_gets_a_new_key_at_the_sign_in(settings: Settings) -> None:
    browser = at_the_door()
    code = pages.ask_for_code(browser, phone_number())
    before = browser.cookies[settings.SESSION_COOKIE_NAME].value

    pages.send(browser, "/sign-in/code/", {"confirmation_code": code})

    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != before
    fixated = at_the_door()
    fixated.cookies[settings.SESSION_COOKIE_NAME] = before
    assert not is_signed_in(fixated)


def test_the_number_of_somebody_who_does_not_come_in_is_forgotten_within_an_hour() -> None:
    browser, phone = at_the_door(), phone_number()
    code = pages.ask_for_code(browser, phone)
    before = browser.session.get_expiry_age()

    pages.send(browser, "/sign-in/code/", {"confirmation_code": code})

    assert before <= 3_600
    assert browser.session.get_expiry_age() > 7 * 86_400
    assert phone not in str(dict(browser.session))


class TestSessions:
    def test_signing_out_ends_this_browser_only(self) -> None:
        anna = person()
        here, there = pages.browser_of(anna), pages.browser_of(anna)

        answer = pages.send(here, "/settings/sign-out/", {}, page="/settings/")

        assert "You are signed out in this browser" in text_of(answer)
        assert not is_signed_in(here)
        assert is_signed_in(there)

    def test_signing_out_everywhere_ends_every_browser_and_every_program(self) -> None:
        anna, somebody = person(), pages.browser_of(person())
        here, there, program = pages.browser_of(anna), pages.browser_of(anna), factories.signed_in(anna)

        answer = pages.send(here, "/settings/sign-out/everywhere/", {}, page="/settings/")

        assert "You are signed out everywhere" in text_of(answer)
        assert [is_signed_in(each) for each in (here, there, somebody)] == [False, False, True]
        assert program.get("/api/profile/").status_code == 401

    def test_a_program_that_signs_out_everywhere_ends_the_browsers_too(self) -> None:
        anna = person()
        browser = pages.browser_of(anna)

        factories.signed_in(anna).post("/api/logout/all/")

        assert not is_signed_in(browser)

    def test_one_can_sign_in_again_after_signing_out_everywhere(self) -> None:
        anna = person()
        factories.signed_in(anna).post("/api/logout/all/")

        assert is_signed_in(pages.browser_of(anna))

    def test_a_disabled_person_is_signed_out_at_once(self) -> None:
        anna = person()
        browser = pages.browser_of(anna)

        User.objects.update_user(anna, is_active=False)

        assert not is_signed_in(browser)

    def test_a_code_from_a_phone_does_not_open_the_admin_panel(self) -> None:
        boss = factories.superuser(password="a good one")
        browser = pages.browser_of(boss)

        by_code = browser.get("/admin/")
        by_password = {"username": str(boss.phone_number), "password": "a good one"}
        pages.send(browser, "/admin/login/", by_password, page="/admin/login/")

        assert by_code.status_code == 302
        assert by_code["Location"].startswith("/admin/login/")
        assert browser.get("/admin/").status_code == 200

    def test_nobody_signs_out_by_a_link(self) -> None:
        browser = pages.browser_of(person())

        for path in ("/settings/sign-out/", "/settings/sign-out/everywhere/"):
            assert browser.get(path).status_code == 405
        assert is_signed_in(browser)


@pytest.mark.parametrize(
    "path",
    ["/sign-in/", "/sign-in/code/", "/profile/", "/settings/", "/settings/erase/", "/settings/sign-out/", "/language/",
     "/settings/sign-out/everywhere/", "/theme/"],
)  # fmt: skip
def test_a_form_from_elsewhere_is_refused(path: str) -> None:
    browser = pages.browser_of(person())

    answer = browser.post(path, {"understood": "on", "username": "Eve", "used_referral_code": "K7M2XP"})

    assert answer.status_code == 403
    assert "This form is too old" in text_of(answer)
    assert is_signed_in(browser)
