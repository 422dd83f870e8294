"""Sign-in on the pages, with the same rules as the API."""

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from tests.support import factories, pages
from tests.support.factories import create_user, phone_number, wrong_code
from tests.support.pages import anonymous_browser, sign_in, text_of
from users.models import ConfirmationCode, User

pytestmark = pytest.mark.django_db

EXPOSED = "This is a trial"
CODE_PAGE = "/sign-in/code/"


def is_signed_in(browser: Client) -> bool:
    return browser.get("/profile/").status_code == 200


def test_new_user_signs_in_and_gets_an_invite_code() -> None:
    browser, phone = anonymous_browser(), phone_number()

    answer = sign_in(browser, phone)

    user = User.objects.get(phone_number=phone)
    assert answer.redirect_chain == [("/profile/", 302)]
    assert "Welcome!" in text_of(answer)
    assert user.referral_code in text_of(answer)


def test_registered_user_signs_in_without_a_welcome() -> None:
    anna = create_user(username="Anna")

    answer = sign_in(anonymous_browser(), str(anna.phone_number))

    assert text_of(answer).startswith(f"Anna {anna.phone_number.as_international}")


@pytest.mark.parametrize("typed", ["8 (999) 123-45-67", "+7 999 1234567", "89991234567"])
def test_any_spelling_of_a_number_is_accepted_and_formatted(typed: str) -> None:
    browser = anonymous_browser()

    answer = pages.submit_form(browser, "/sign-in/", {"phone_number": typed})

    assert "It was sent to +7 999 123-45-67" in text_of(answer)


@pytest.mark.parametrize("typed", ["12", "abc", "", "+7 999 1", "\x00"])
def test_invalid_number_is_an_error_at_its_field(typed: str) -> None:
    answer = pages.submit_form(anonymous_browser(), "/sign-in/", {"phone_number": typed})

    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_phone_number_error"' in html
    assert "<title>Error: Sign in" in " ".join(html.split())
    assert not ConfirmationCode.objects.exists()


def test_no_line_breaks_within_the_number_of_an_error() -> None:
    refused = pages.submit_form(anonymous_browser(), "/sign-in/", {"phone_number": "12"})

    assert "for example +7\u00a0999\u00a0999\u201199\u201199." in refused.content.decode()


def test_code_field_supports_one_time_code_autofill() -> None:
    browser = anonymous_browser()
    pages.request_code(browser, phone_number())

    html = browser.get("/sign-in/code/").content.decode()

    assert 'autocomplete="one-time-code"' in html
    assert 'inputmode="numeric"' in html


def test_code_is_shown_only_if_exposed(settings: Settings) -> None:
    settings.CONFIRMATION_CODE_EXPOSED = False
    answer = pages.submit_form(anonymous_browser(), "/sign-in/", {"phone_number": phone_number()})

    assert answer.redirect_chain == [("/sign-in/code/", 302)]
    assert EXPOSED not in text_of(answer)


def test_earlier_code_is_hidden_if_no_longer_exposed(settings: Settings) -> None:
    browser = anonymous_browser()
    code = pages.request_code(browser, phone_number())

    settings.CONFIRMATION_CODE_EXPOSED = False

    assert code not in text_of(browser.get("/sign-in/code/"))


def test_wrong_code_costs_a_try() -> None:
    browser, phone = anonymous_browser(), phone_number()
    code = pages.request_code(browser, phone)

    refused = pages.submit_form(browser, "/sign-in/code/", {"confirmation_code": wrong_code(code)})
    accepted = pages.submit_form(browser, "/sign-in/code/", {"confirmation_code": f" {code} "})

    assert "Wrong code. Tries left: 4." in text_of(refused)
    assert accepted.redirect_chain == [("/profile/", 302)]


@pytest.mark.parametrize("typed", ["", "12", "12345", "abcd", "12:34"])
def test_malformed_code_costs_no_try(typed: str) -> None:
    browser = anonymous_browser()
    pages.request_code(browser, phone_number())

    answer = pages.submit_form(browser, "/sign-in/code/", {"confirmation_code": typed})

    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert ConfirmationCode.objects.get().wrong_tries == 0


def test_used_code_is_refused() -> None:
    phone, here, there = phone_number(), anonymous_browser(), anonymous_browser()
    code = pages.request_code(here, phone)
    pages.submit_form(there, "/sign-in/", {"phone_number": phone})
    pages.submit_form(here, "/sign-in/code/", {"confirmation_code": code})

    answer = pages.submit_form(there, "/sign-in/code/", {"confirmation_code": code})

    assert "No code is waiting for this number" in text_of(answer)
    assert not is_signed_in(there)


def with_cookies(cookies: dict[str, str]) -> Client:
    browser = anonymous_browser()
    for name, value in cookies.items():
        browser.cookies[name] = value
    return browser


class TestSecondSubmit:
    """The form of the code is sent twice: by a double click without JavaScript, or by going back."""

    @pytest.fixture(autouse=True)
    def signed_in(self) -> None:
        """Sign in; keep the form as it was sent, with its cookies."""
        self.browser, self.phone = anonymous_browser(), phone_number()
        code = pages.request_code(self.browser, self.phone)
        form = pages.forms_of(self.browser.get(CODE_PAGE).content.decode())[0]
        self.form = {**form.filled_in, "confirmation_code": code}
        self.cookies = {name: cookie.value for name, cookie in self.browser.cookies.items()}
        assert self.browser.post(CODE_PAGE, self.form)["Location"] == "/profile/"

    def test_before_the_first_answer_arrives_it_signs_in(self) -> None:
        for _ in range(3):
            browser = with_cookies(self.cookies)
            answer = browser.post(CODE_PAGE, self.form, follow=True)
            assert answer.redirect_chain == [("/profile/", 302)]
            assert is_signed_in(browser)

        assert is_signed_in(self.browser)
        assert User.objects.count() == 1

    def test_after_the_first_answer_it_leads_to_the_profile(self) -> None:
        for form in (self.form, {**self.form, "resend": "yes"}):
            assert self.browser.post(CODE_PAGE, form)["Location"] == "/profile/"

        assert is_signed_in(self.browser)

    def test_the_former_session_alone_signs_nobody_in(self) -> None:
        browser = with_cookies(self.cookies)

        assert not is_signed_in(browser)
        assert browser.get(CODE_PAGE).status_code == 200

    def test_another_browser_can_not_use_the_code_again(self) -> None:
        stranger = anonymous_browser()
        used = ConfirmationCode.objects.values().get()
        pages.submit_form(stranger, "/sign-in/", {"phone_number": self.phone})
        # As if the stranger had asked before.
        ConfirmationCode.objects.all().delete()
        ConfirmationCode.objects.create(**used)

        answer = pages.submit_form(stranger, CODE_PAGE, {"confirmation_code": self.form["confirmation_code"]})

        assert "No code is waiting for this number" in text_of(answer)
        assert not is_signed_in(stranger)

    def test_a_wrong_code_ends_it(self) -> None:
        browser = with_cookies(self.cookies)
        wrong = {**self.form, "confirmation_code": wrong_code(self.form["confirmation_code"])}

        for form in (wrong, self.form):
            answer = browser.post(CODE_PAGE, form)
            assert "No code is waiting for this number" in text_of(answer)  # type: ignore[arg-type]
        assert not is_signed_in(browser)

    def test_a_minute_later_it_is_refused(self, clock: time_machine.Traveller) -> None:
        clock.shift(61)
        browser = with_cookies(self.cookies)

        browser.post(CODE_PAGE, self.form)

        assert not is_signed_in(browser)

    def test_a_person_disabled_since_stays_out(self) -> None:
        User.objects.update_user(User.objects.get(), is_active=False)
        browser = with_cookies(self.cookies)

        answer = browser.post(CODE_PAGE, self.form)

        assert "No code is waiting for this number" in text_of(answer)  # type: ignore[arg-type]
        assert not is_signed_in(browser)


def test_cooldown_shows_the_time_to_wait_and_a_link_to_the_code() -> None:
    phone, here, there = phone_number(), anonymous_browser(), anonymous_browser()
    code = pages.request_code(here, phone)

    answer = pages.submit_form(there, "/sign-in/", {"phone_number": phone})

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert "Ask for a new one in" in text_of(answer)
    assert 'href="/sign-in/code/"' in answer.content.decode()
    assert pages.submit_form(there, "/sign-in/code/", {"confirmation_code": code}).redirect_chain == [
        ("/profile/", 302)
    ]


def test_early_resend_is_refused_on_the_same_page() -> None:
    browser = anonymous_browser()
    pages.request_code(browser, phone_number())

    answer = pages.submit_form(browser, "/sign-in/code/", {"resend": "yes"})

    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert "Ask for a new one in" in text_of(answer)


def test_new_code_replaces_the_previous_one(settings: Settings) -> None:
    settings.CONFIRMATION_CODE_RESEND_SECONDS = 0
    settings.CONFIRMATION_CODE_LENGTH = 8  # two codes are not equal by chance
    browser = anonymous_browser()
    first = pages.request_code(browser, phone_number())

    answer = pages.submit_form(browser, "/sign-in/code/", {"resend": "yes"})

    assert "A new code is on its way" in text_of(answer)
    assert "Wrong code" in text_of(pages.submit_form(browser, "/sign-in/code/", {"confirmation_code": first}))


def test_gateway_failure_shows_when_to_retry(settings: Settings) -> None:
    settings.SMS_URL = "json://127.0.0.1:9/?:phone={phone}"  # a closed port

    answer = pages.submit_form(anonymous_browser(), "/sign-in/", {"phone_number": phone_number()})

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "The code could not be sent" in text_of(answer)


def test_disabled_account_is_refused() -> None:
    banned = create_user(is_active=False)

    answer = sign_in(anonymous_browser(), str(banned.phone_number))

    assert "This account is disabled" in text_of(answer)


def test_code_page_without_a_number_redirects() -> None:
    answer = anonymous_browser().get("/sign-in/code/")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")


def test_signed_in_user_is_redirected() -> None:
    assert pages.signed_in_browser(create_user()).get("/sign-in/")["Location"] == "/profile/"


@pytest.mark.parametrize("path", ["/profile/", "/settings/", "/settings/erase/"])
def test_protected_page_redirects_to_sign_in_and_back(path: str) -> None:
    browser = anonymous_browser()
    asked = browser.get(path)

    answer = sign_in(browser, str(create_user().phone_number), page=asked["Location"])

    assert asked.status_code == 302
    assert answer.redirect_chain == [(path, 302)]


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sign_in_does_not_redirect_to_other_hosts(address: str) -> None:
    answer = sign_in(anonymous_browser(), str(create_user().phone_number), page=f"/sign-in/?next={address}")

    assert answer.redirect_chain == [("/profile/", 302)]


def test_sign_in_rotates_the_session_key(settings: Settings) -> None:
    attacker, victim = anonymous_browser(), anonymous_browser()
    attacker.session.save()
    planted = attacker.cookies[settings.SESSION_COOKIE_NAME].value
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted

    sign_in(victim, phone_number())

    assert is_signed_in(victim)
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != planted
    assert not is_signed_in(attacker)


def test_number_of_an_unfinished_sign_in_expires_after_an_hour(clock: time_machine.Traveller) -> None:
    in_time, too_late = anonymous_browser(), anonymous_browser()
    for browser in (in_time, too_late):
        pages.request_code(browser, phone_number())

    clock.shift(3_599)
    assert in_time.get("/sign-in/code/").status_code == 200
    clock.shift(2)
    assert too_late.get("/sign-in/code/").status_code == 302


def test_number_is_forgotten_after_the_sign_in(settings: Settings) -> None:
    browser, phone = anonymous_browser(), phone_number()

    sign_in(browser, phone)

    assert browser.cookies[settings.SIGN_IN_COOKIE_NAME].value == ""
    assert phone not in str(dict(browser.session))


@pytest.mark.parametrize("cookie", ["x", "eyJwaG9uZV9udW1iZXIiOiIrNzk5OTEyMzQ1NjcifQ:1:x", "\0"])
def test_a_forged_cookie_leads_back_to_the_number(settings: Settings, cookie: str) -> None:
    browser = anonymous_browser()
    browser.cookies[settings.SIGN_IN_COOKIE_NAME] = cookie

    assert browser.get("/sign-in/code/").headers["Location"] == "/sign-in/"


class TestSessions:
    def test_sign_out_ends_this_browser_only(self) -> None:
        anna = create_user()
        here, there = pages.signed_in_browser(anna), pages.signed_in_browser(anna)

        answer = pages.submit_form(here, "/settings/sign-out/", {}, page="/settings/")

        assert "You are signed out in this browser" in text_of(answer)
        assert not is_signed_in(here)
        assert is_signed_in(there)

    def test_sign_out_everywhere_ends_all_browser_and_api_sessions(self) -> None:
        anna, other = create_user(), pages.signed_in_browser(create_user())
        here, there, program = pages.signed_in_browser(anna), pages.signed_in_browser(anna), factories.api_client(anna)

        answer = pages.submit_form(here, "/settings/sign-out/everywhere/", {}, page="/settings/")

        assert "You are signed out everywhere" in text_of(answer)
        assert [is_signed_in(each) for each in (here, there, other)] == [False, False, True]
        assert program.get("/api/profile/").status_code == 401

    def test_api_sign_out_everywhere_ends_browser_sessions(self) -> None:
        anna = create_user()
        browser = pages.signed_in_browser(anna)

        factories.api_client(anna).post("/api/logout/all/")

        assert not is_signed_in(browser)

    def test_sign_in_works_after_sign_out_everywhere(self) -> None:
        anna = create_user()
        factories.api_client(anna).post("/api/logout/all/")

        assert is_signed_in(pages.signed_in_browser(anna))

    def test_disabling_a_user_ends_their_sessions(self) -> None:
        anna = create_user()
        browser = pages.signed_in_browser(anna)

        User.objects.update_user(anna, is_active=False)

        assert not is_signed_in(browser)

    def test_confirmation_code_does_not_sign_in_to_the_panel(self) -> None:
        admin_client = factories.create_superuser(password="a good one")
        browser = pages.signed_in_browser(admin_client)

        by_code = browser.get("/admin/")
        by_password = {"username": str(admin_client.phone_number), "password": "a good one"}
        pages.submit_form(browser, "/admin/login/", by_password, page="/admin/login/")

        assert by_code.status_code == 302
        assert by_code["Location"].startswith("/admin/login/")
        assert browser.get("/admin/").status_code == 200

    def test_sign_out_requires_post(self) -> None:
        browser = pages.signed_in_browser(create_user())

        for path in ("/settings/sign-out/", "/settings/sign-out/everywhere/"):
            assert browser.get(path).status_code == 405
        assert is_signed_in(browser)


@pytest.mark.parametrize(
    "path",
    ["/sign-in/", "/sign-in/code/", "/profile/", "/settings/", "/settings/erase/", "/settings/sign-out/", "/language/",
     "/settings/sign-out/everywhere/", "/theme/"],
)  # fmt: skip
def test_forms_require_a_csrf_token(path: str) -> None:
    browser = pages.signed_in_browser(create_user())

    answer = browser.post(path, {"understood": "on", "username": "Eve", "used_referral_code": "K7M2XP"})

    assert answer.status_code == 403
    assert "This form is too old" in text_of(answer)
    assert is_signed_in(browser)
