"""The profile page, activation, the landing page of a share link and its QR code."""

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from tests.support import pages
from tests.support.factories import create_user, create_users, phone_number
from tests.support.pages import anonymous_browser, signed_in_browser, text_of
from tests.support.queries import count_queries
from users.models import Referral, User
from users.people.erasure import erase
from users.referral_codes import ALPHABET
from users.referrals import activation

pytestmark = pytest.mark.django_db


def submit_code(user: User, code: str) -> HttpResponse:
    return pages.submit_form(signed_in_browser(user), "/profile/", {"used_referral_code": code})


def phones_on(answer: HttpResponse) -> list[str]:
    return re.findall(r'<span class="phone">([^<]+)</span>', answer.content.decode())


def test_shows_the_code_the_link_and_the_qr_code() -> None:
    anna = create_user()
    html = signed_in_browser(anna).get("/profile/").content.decode()

    assert f">{anna.referral_code}</p>" in html
    assert f'href="http://127.0.0.1:8000/r/{anna.referral_code}/"' in html
    assert f'src="/r/{anna.referral_code}/qr.svg"' in html
    assert f'data-copy="{anna.referral_code}"' in html
    assert f'data-share="http://127.0.0.1:8000/r/{anna.referral_code}/"' in html


def test_shows_a_message_without_referrals() -> None:
    assert "Nobody yet" in text_of(signed_in_browser(create_user()).get("/profile/"))


def test_lists_referrals_newest_first_with_formatted_numbers() -> None:
    anna = create_user()
    boris, clara = create_user(invited_by=anna), create_user(invited_by=anna)

    answer = signed_in_browser(anna).get("/profile/")

    assert phones_on(answer) == [clara.phone_number.as_international, boris.phone_number.as_international]
    assert "Who came with me 2" in text_of(answer)


def test_erased_referral_is_anonymous() -> None:
    anna = create_user()
    gone = create_user(invited_by=anna)
    number = gone.phone_number.as_international
    erase(user=gone)

    answer = signed_in_browser(anna).get("/profile/")

    assert "Deleted account" in text_of(answer)
    assert number not in answer.content.decode()
    assert "Who came with me 1" in text_of(answer)


@pytest.mark.parametrize("at_once", [False, True])
def test_pagination_lists_every_referral_once(at_once: bool) -> None:
    anna = create_user()
    invited = [create_user(invited_by=anna).phone_number.as_international for _ in range(45)]
    if at_once:
        Referral.objects.update(activated_at=anna.registered_at)
    browser, path, seen = signed_in_browser(anna), "/profile/", []

    while path:
        answer = browser.get(path)
        seen += phones_on(answer)
        following = re.findall(r'rel="next" href="([^"]+)#people"', answer.content.decode())
        path = f"/profile/{following[0]}" if following else ""

    assert seen == invited[::-1]
    assert "Newest" in text_of(answer)


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 18, "9" * 5000, "٣", "²", "%00"])
def test_invalid_page_is_the_first(before: str) -> None:
    anna = create_user()
    boris = create_user(invited_by=anna)

    answer = signed_in_browser(anna).get(f"/profile/?before={before}")

    assert phones_on(answer) == [boris.phone_number.as_international]


def test_cursor_of_another_user_lists_own_referrals_only() -> None:
    theirs = create_user()
    create_user(invited_by=theirs)
    foreign = Referral.objects.get(inviter=theirs)
    anna = create_user()
    mine = create_user(invited_by=anna)

    answer = signed_in_browser(anna).get(f"/profile/?before={foreign.pk}")

    assert phones_on(answer) == [mine.phone_number.as_international]


class TestActivation:
    def test_code_is_activated_and_shown(self) -> None:
        anna, boris = create_users(2)

        answer = submit_code(boris, f" {anna.referral_code[:3].lower()}-{anna.referral_code[3:]} ")

        assert "The invite code is activated." in text_of(answer)
        assert f"You came with the invite code {anna.referral_code}" in text_of(answer)
        assert phones_on(signed_in_browser(anna).get("/profile/")) == [boris.phone_number.as_international]

    def test_unknown_code_is_refused(self) -> None:
        unknown_code = ALPHABET[0] * 6

        assert "Nobody has this invite code" in text_of(submit_code(create_user(), unknown_code))

    def test_own_code_is_refused(self) -> None:
        anna = create_user()

        answer = submit_code(anna, anna.referral_code)

        assert "This is your own code" in text_of(answer)
        assert f'value="{anna.referral_code}"' in answer.content.decode()

    def test_second_code_is_refused(self) -> None:
        boris, browser = create_user(), Client()  # does not check CSRF tokens
        pages.sign_in(browser, str(boris.phone_number))
        activation.activate(user=boris, referral_code=create_user().referral_code)

        answer = browser.post("/profile/", {"used_referral_code": create_user().referral_code})

        assert "You have already activated another invite code" in text_of(answer)

    def test_circle_is_refused(self) -> None:
        anna = create_user()
        clara = create_user(invited_by=create_user(invited_by=anna))

        assert "was invited by you or by people you invited" in text_of(submit_code(anna, clara.referral_code))

    def test_closed_window_is_refused_and_the_deadline_is_shown(self, settings: Settings) -> None:
        settings.REFERRAL_WINDOW_DAYS = 7
        anna, late = create_users(2)
        User.objects.filter(pk=late.pk).update(registered_at=late.registered_at - timedelta(days=8))

        assert "Possible until" in text_of(signed_in_browser(anna).get("/profile/"))
        assert "during the first 7 days only" in text_of(submit_code(late, anna.referral_code))

    @pytest.mark.parametrize("typed", ["", "x" * 501, "\x00"])
    def test_malformed_code_is_an_error_at_its_field(self, typed: str) -> None:
        answer = submit_code(create_user(), typed)

        assert answer.status_code == 200
        assert 'aria-invalid="true"' in answer.content.decode()


class TestLandingPage:
    def test_sign_up_activates_the_code(self) -> None:
        anna, phone = create_user(), phone_number()

        pages.sign_in(anonymous_browser(), phone, page=f"/r/{anna.referral_code}/")

        assert User.objects.get(phone_number=phone).used_referral_code == anna.referral_code

    def test_code_is_kept_after_an_invalid_number(self) -> None:
        anna, browser = create_user(), anonymous_browser()

        mistyped = pages.submit_form(browser, "/sign-in/", {"phone_number": "12"}, page=f"/r/{anna.referral_code}/")

        assert f'name="used_referral_code" value="{anna.referral_code}"' in mistyped.content.decode()

    def test_code_is_case_insensitive(self) -> None:
        anna = create_user()

        answer = anonymous_browser().get(f"/r/{anna.referral_code.lower()}/")

        assert f"Invite code {anna.referral_code}" in text_of(answer)

    def test_code_owner_is_not_revealed(self) -> None:
        anna = create_user(username="Anna the Great")

        html = anonymous_browser().get(f"/r/{anna.referral_code}/").content.decode()

        assert "Anna" not in html
        assert str(anna.phone_number)[2:] not in html

    @pytest.mark.parametrize("code", ["222222", "nonsense", "0", "\N{GRINNING FACE}", "x" * 500])
    def test_unknown_code_still_allows_sign_up(self, code: str) -> None:
        browser, phone = anonymous_browser(), phone_number()

        answer = browser.get(f"/r/{code}/")
        signed_up = pages.sign_in(browser, phone, page=f"/r/{code}/")

        assert answer.status_code == 404
        assert "Nobody has this invite code" in text_of(answer)
        assert signed_up.redirect_chain == [("/profile/", 302)]

    def test_erased_code_can_be_dropped_during_sign_up(self) -> None:
        anna, browser, phone = create_user(), anonymous_browser(), phone_number()
        code = pages.request_code(browser, phone, page=f"/r/{anna.referral_code}/")
        erase(user=anna)

        refused = pages.submit_form(
            browser, "/sign-in/code/", {"confirmation_code": code, "used_referral_code": anna.referral_code}
        )
        without = pages.submit_form(browser, "/sign-in/code/", {"confirmation_code": code, "used_referral_code": ""})

        assert "Nobody has this invite code" in text_of(refused)
        assert without.redirect_chain == [("/profile/", 302)]

    def test_registered_user_is_asked_to_activate_the_code(self) -> None:
        anna, boris = create_users(2)

        answer = pages.sign_in(
            anonymous_browser(),
            str(boris.phone_number),
            page=f"/r/{anna.referral_code}/",
            used_referral_code=anna.referral_code,
        )

        assert "the invite code was not activated yet" in text_of(answer)
        assert f'value="{anna.referral_code}"' in answer.content.decode()
        assert boris.used_referral_code is None

    def test_signed_in_user_can_activate_the_code(self) -> None:
        anna, boris = create_users(2)
        browser = signed_in_browser(boris)

        offered = browser.get(f"/r/{anna.referral_code}/")
        answer = pages.submit_form(browser, "/profile/", {}, page=f"/r/{anna.referral_code}/")

        assert "You can activate this code" in text_of(offered)
        assert "The invite code is activated." in text_of(answer)

    def test_message_depends_on_the_relation_to_the_code(self) -> None:
        anna = create_user()
        came, came_with_another = create_user(invited_by=anna), create_user(invited_by=create_user())
        path = f"/r/{anna.referral_code}/"

        assert "This is your own link" in text_of(signed_in_browser(anna).get(path))
        assert "You came with this very code" in text_of(signed_in_browser(came).get(path))
        assert "You came with another code already" in text_of(signed_in_browser(came_with_another).get(path))


class TestQRCode:
    def test_image_is_public_and_cacheable(self) -> None:
        answer = anonymous_browser().get(f"/r/{create_user().referral_code}/qr.svg")

        assert answer["Content-Type"] == "image/svg+xml"
        assert "max-age=86400" in answer["Cache-Control"]
        assert b"<svg" in answer.content

    def test_images_of_two_codes_differ(self) -> None:
        browser = anonymous_browser()

        assert browser.get("/r/222222/qr.svg").content != browser.get("/r/222223/qr.svg").content

    @pytest.mark.parametrize("code", ["K7M_2XP", "\N{GRINNING FACE}", "2" * 13, "%00"])
    def test_malformed_code_is_not_found(self, code: str) -> None:
        assert anonymous_browser().get(f"/r/{code}/qr.svg").status_code == 404


def test_names_are_escaped() -> None:
    answer = signed_in_browser(create_user(username="<b>Anna</b>")).get("/profile/")

    assert "<b>Anna" not in answer.content.decode()
    assert "&lt;b&gt;Anna" in answer.content.decode()


@pytest.mark.parametrize(("path", "most"), [("/profile/", 4), ("/settings/", 2), ("/r/{code}/", 8), ("/", 2)])
def test_the_number_of_queries_is_constant(path: str, most: int) -> None:
    def queries_with(people: int) -> int:
        anna = create_user()
        for _ in range(people):
            activation.activate(user=create_user(), referral_code=anna.referral_code)
        browser = signed_in_browser(anna)

        def open_page() -> None:
            assert browser.get(path.format(code=anna.referral_code)).status_code == 200

        open_page()  # reads the message shown after signing in
        return count_queries(open_page)

    assert queries_with(1) == queries_with(100) <= most
