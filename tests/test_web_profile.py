"""The profile page: my code, who came with it, and whose code I came with."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.support import pages
from tests.support.factories import invited_by, person, phone_number
from tests.support.pages import at_the_door, browser_of, text_of
from users.models import Referral, User
from users.people.erasure import erase
from users.referral_codes import ALPHABET
from users.referrals import activation

pytestmark = pytest.mark.django_db


def enter(user: User, code: str):
    return pages.send(browser_of(user), "/profile/", {"used_referral_code": code})


def phones_on(answer) -> list[str]:
    return re.findall(r'<span class="phone">([^<]+)</span>', answer.content.decode())


def test_shows_my_code_my_link_and_its_qr_code() -> None:
    anna = person()
    html = browser_of(anna).get("/profile/").content.decode()

    assert f">{anna.referral_code}</p>" in html
    assert f'href="http://testserver/r/{anna.referral_code}/"' in html
    assert f'src="/r/{anna.referral_code}/qr.svg"' in html
    assert f'data-copy="{anna.referral_code}"' in html
    assert f'data-share="http://testserver/r/{anna.referral_code}/"' in html


def test_shows_nobody_yet() -> None:
    assert "Nobody yet" in text_of(browser_of(person()).get("/profile/"))


def test_shows_who_came_newest_first_with_numbers_for_reading() -> None:
    anna = person()
    boris, clara = invited_by(anna), invited_by(anna)

    answer = browser_of(anna).get("/profile/")

    assert phones_on(answer) == [clara.phone_number.as_international, boris.phone_number.as_international]
    assert "Who came with me 2" in text_of(answer)


def test_shows_an_erased_person_without_a_trace_of_them() -> None:
    anna = person()
    gone = invited_by(anna)
    number = gone.phone_number.as_international
    erase(user=gone)

    answer = browser_of(anna).get("/profile/")

    assert "Deleted account" in text_of(answer)
    assert number not in answer.content.decode()
    assert "Who came with me 1" in text_of(answer)


@pytest.mark.parametrize("at_once", [False, True])
def test_pages_lead_through_everybody_once(at_once: bool) -> None:
    anna = person()
    invited = [invited_by(anna).phone_number.as_international for _ in range(45)]
    if at_once:
        Referral.objects.update(activated_at=anna.registered_at)
    browser, path, seen = browser_of(anna), "/profile/", []

    while path:
        answer = browser.get(path)
        seen += phones_on(answer)
        following = re.findall(r'rel="next" href="([^"]+)#people"', answer.content.decode())
        path = f"/profile/{following[0]}" if following else ""

    assert seen == invited[::-1]
    assert "Newest" in text_of(answer)


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 18, "9" * 5000, "٣", "²", "%00"])
def test_a_page_that_is_none_is_the_first(before: str) -> None:
    anna = person()
    boris = invited_by(anna)

    answer = browser_of(anna).get(f"/profile/?before={before}")

    assert phones_on(answer) == [boris.phone_number.as_international]


def test_another_persons_referral_opens_none_of_theirs() -> None:
    theirs = person()
    invited_by(theirs)
    foreign = Referral.objects.get(inviter=theirs)
    anna = person()
    mine = invited_by(anna)

    answer = browser_of(anna).get(f"/profile/?before={foreign.pk}")

    assert phones_on(answer) == [mine.phone_number.as_international]


class TestEnteringACode:
    def test_activates_it_and_shows_it(self) -> None:
        anna, boris = person(), person()

        answer = enter(boris, f" {anna.referral_code[:3].lower()}-{anna.referral_code[3:]} ")

        assert "The invite code is activated." in text_of(answer)
        assert f"You came with the invite code {anna.referral_code}" in text_of(answer)
        assert phones_on(browser_of(anna).get("/profile/")) == [boris.phone_number.as_international]

    def test_of_nobody_says_so(self) -> None:
        nobodys = ALPHABET[0] * 6

        assert "Nobody has this invite code" in text_of(enter(person(), nobodys))

    def test_of_ones_own_says_so(self) -> None:
        anna = person()

        answer = enter(anna, anna.referral_code)

        assert "This is your own code" in text_of(answer)
        assert f'value="{anna.referral_code}"' in answer.content.decode()

    def test_a_second_one_is_refused(self) -> None:
        boris, browser = person(), Client()  # a form that was opened before needs no token here
        pages.sign_in(browser, str(boris.phone_number))
        activation.activate(user=boris, referral_code=person().referral_code)

        answer = browser.post("/profile/", {"used_referral_code": person().referral_code})

        assert "You have already activated another invite code" in text_of(answer)

    def test_of_somebody_further_down_the_chain_says_so(self) -> None:
        anna = person()
        clara = invited_by(invited_by(anna))

        assert "was invited by you or by people you invited" in text_of(enter(anna, clara.referral_code))

    def test_too_late_says_so_and_until_when_was_shown(self, settings: Settings) -> None:
        settings.REFERRAL_WINDOW_DAYS = 7
        anna, late = person(), person()
        User.objects.filter(pk=late.pk).update(registered_at=late.registered_at - timedelta(days=8))

        assert "Possible until" in text_of(browser_of(anna).get("/profile/"))
        assert "during the first 7 days only" in text_of(enter(late, anna.referral_code))

    @pytest.mark.parametrize("typed", ["", "x" * 41, "\x00"])
    def test_what_can_be_no_code_is_told_at_its_field(self, typed: str) -> None:
        answer = enter(person(), typed)

        assert answer.status_code == 200
        assert 'aria-invalid="true"' in answer.content.decode()


class TestTheLandingPage:
    def test_signs_up_and_activates_the_code_by_itself(self) -> None:
        anna, phone = person(), phone_number()

        pages.sign_in(at_the_door(), phone, page=f"/r/{anna.referral_code}/")

        assert User.objects.get(phone_number=phone).used_referral_code == anna.referral_code

    def test_carries_the_code_over_a_mistyped_number(self) -> None:
        anna, browser = person(), at_the_door()

        mistyped = pages.send(browser, "/sign-in/", {"phone_number": "12"}, page=f"/r/{anna.referral_code}/")

        assert f'name="used_referral_code" value="{anna.referral_code}"' in mistyped.content.decode()

    def test_reads_a_code_as_it_is_typed(self) -> None:
        anna = person()

        answer = at_the_door().get(f"/r/{anna.referral_code.lower()}/")

        assert f"Invite code {anna.referral_code}" in text_of(answer)

    def test_tells_nothing_of_whose_the_code_is(self) -> None:
        anna = person(username="Anna the Great")

        html = at_the_door().get(f"/r/{anna.referral_code}/").content.decode()

        assert "Anna" not in html
        assert str(anna.phone_number)[2:] not in html

    @pytest.mark.parametrize("code", ["222222", "nonsense", "0", "\N{GRINNING FACE}", "x" * 500])
    def test_says_that_a_code_is_unknown_and_still_lets_people_sign_up(self, code: str) -> None:
        browser, phone = at_the_door(), phone_number()

        answer = browser.get(f"/r/{code}/")
        signed_up = pages.sign_in(browser, phone, page=f"/r/{code}/")

        assert answer.status_code == 404
        assert "Nobody has this invite code" in text_of(answer)
        assert signed_up.redirect_chain == [("/profile/", 302)]

    def test_a_code_that_died_meanwhile_can_be_left_out(self) -> None:
        anna, browser, phone = person(), at_the_door(), phone_number()
        code = pages.ask_for_code(browser, phone, page=f"/r/{anna.referral_code}/")
        erase(user=anna)

        refused = pages.send(
            browser, "/sign-in/code/", {"confirmation_code": code, "used_referral_code": anna.referral_code}
        )
        without = pages.send(browser, "/sign-in/code/", {"confirmation_code": code, "used_referral_code": ""})

        assert "Nobody has this invite code" in text_of(refused)
        assert without.redirect_chain == [("/profile/", 302)]

    def test_tells_somebody_registered_that_the_code_is_still_to_be_activated(self) -> None:
        anna, boris = person(), person()

        answer = pages.sign_in(
            at_the_door(),
            str(boris.phone_number),
            page=f"/r/{anna.referral_code}/",
            used_referral_code=anna.referral_code,
        )

        assert "the invite code was not activated yet" in text_of(answer)
        assert f'value="{anna.referral_code}"' in answer.content.decode()
        assert boris.used_referral_code is None

    def test_lets_somebody_signed_in_activate_the_code(self) -> None:
        anna, boris = person(), person()
        browser = browser_of(boris)

        offered = browser.get(f"/r/{anna.referral_code}/")
        answer = pages.send(browser, "/profile/", {}, page=f"/r/{anna.referral_code}/")

        assert "You can activate this code" in text_of(offered)
        assert "The invite code is activated." in text_of(answer)

    def test_tells_each_other_person_signed_in_what_they_can_do(self) -> None:
        anna = person()
        came, came_with_another = invited_by(anna), invited_by(person())
        path = f"/r/{anna.referral_code}/"

        assert "This is your own link" in text_of(browser_of(anna).get(path))
        assert "You came with this very code" in text_of(browser_of(came).get(path))
        assert "You came with another code already" in text_of(browser_of(came_with_another).get(path))


class TestTheQRCode:
    def test_is_a_picture_that_anybody_may_see_and_keep(self) -> None:
        answer = at_the_door().get(f"/r/{person().referral_code}/qr.svg")

        assert answer["Content-Type"] == "image/svg+xml"
        assert "max-age=86400" in answer["Cache-Control"]
        assert b"<svg" in answer.content

    def test_differs_from_code_to_code(self) -> None:
        browser = at_the_door()

        assert browser.get("/r/222222/qr.svg").content != browser.get("/r/222223/qr.svg").content

    @pytest.mark.parametrize("code", ["AAAAAA", "\N{GRINNING FACE}", "2" * 13, "%00"])
    def test_of_what_can_be_no_code_does_not_exist(self, code: str) -> None:
        assert at_the_door().get(f"/r/{code}/qr.svg").status_code == 404


def test_a_name_of_markup_is_shown_as_text() -> None:
    answer = browser_of(person(username="<b>Anna</b>")).get("/profile/")

    assert "<b>Anna" not in answer.content.decode()
    assert "&lt;b&gt;Anna" in answer.content.decode()


@pytest.mark.parametrize(("path", "most"), [("/profile/", 4), ("/settings/", 2), ("/r/{code}/", 8), ("/", 2)])
def test_the_number_of_queries_is_constant(path: str, most: int) -> None:
    counts = []
    for people in (1, 100):
        anna = person()
        for _ in range(people):
            activation.activate(user=person(), referral_code=anna.referral_code)
        browser = browser_of(anna)
        browser.get(path.format(code=anna.referral_code))  # the greeting is read
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(path.format(code=anna.referral_code)).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1] <= most
