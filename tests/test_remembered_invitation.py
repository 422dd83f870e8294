"""A browser remembers the share link that it opened last; an invited person is welcomed with the code."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from tests.support import pages
from tests.support.factories import create_users, phone_number
from users.models import User

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def inviters() -> list[User]:
    return create_users(2)


def inviter_of(phone: str) -> str | None:
    return User.objects.get(phone_number=phone).used_referral_code


def test_a_sign_up_days_later_comes_with_the_last_link(inviters: list[User], clock: time_machine.Traveller) -> None:
    browser, phone = pages.anonymous_browser(), phone_number()
    for inviter in inviters:
        browser.get(f"/r/{inviter.referral_code}/")
    browser.get("/")
    clock.shift(29 * DAY)

    welcomed = pages.sign_in(browser, phone)

    code = inviters[1].referral_code
    assert inviter_of(phone) == code
    assert f"You came with the invite code {code}: it is activated." in pages.text_of(welcomed)
    counted = pages.text_of(pages.signed_in_browser(inviters[1]).get("/profile/"))  # type: ignore[arg-type]
    assert "Who came with me 1" in counted


def test_a_typed_code_wins(inviters: list[User]) -> None:
    browser, phone = pages.anonymous_browser(), phone_number()
    browser.get(f"/r/{inviters[0].referral_code}/")

    pages.sign_in(browser, phone, used_referral_code=inviters[1].referral_code)

    assert inviter_of(phone) == inviters[1].referral_code


def test_the_cookie_is_used_once(inviters: list[User]) -> None:
    browser = pages.anonymous_browser()
    browser.get(f"/r/{inviters[0].referral_code}/")
    pages.sign_in(browser, phone_number())
    pages.submit_form(browser, "/settings/sign-out/", {}, page="/settings/")
    other = phone_number()

    pages.sign_in(browser, other)

    assert inviter_of(other) is None


def test_the_cookie_is_for_this_site_only_and_ends(inviters: list[User], settings: Settings) -> None:
    cookie = Client().get(f"/r/{inviters[0].referral_code}/").cookies["invitation"]
    assert (cookie["max-age"], cookie["samesite"], cookie["httponly"]) == (30 * 86_400, "Lax", True)

    settings.ATTRIBUTION_DAYS = 0
    assert "invitation" not in Client().get(f"/r/{inviters[0].referral_code}/").cookies


@pytest.mark.parametrize("planted", ["", "x" * 500, "'\";<>", "%00"])
def test_a_planted_cookie_changes_nothing(planted: str) -> None:
    browser, phone = pages.anonymous_browser(), phone_number()
    browser.cookies["invitation"] = planted

    welcomed = pages.sign_in(browser, phone)

    assert "This is your own invite code." in pages.text_of(welcomed)


def test_the_field_for_an_invite_code_is_folded_unless_one_came_with_a_link(inviters: list[User]) -> None:
    plain, invited = pages.anonymous_browser(), pages.anonymous_browser()
    pages.request_code(plain, phone_number())
    pages.request_code(invited, phone_number(), page=f"/r/{inviters[0].referral_code}/")

    assert '<details class="fold">' in plain.get("/sign-in/code/").content.decode()
    assert '<details class="fold" open>' in invited.get("/sign-in/code/").content.decode()


def test_who_opened_their_own_link_is_not_asked_to_activate_it(inviters: list[User]) -> None:
    browser, me = pages.anonymous_browser(), inviters[0]
    browser.get(f"/r/{me.referral_code}/")

    signed_in = pages.sign_in(browser, str(me.phone_number))

    assert signed_in.redirect_chain == [("/profile/", 302)]  # type: ignore[attr-defined]
    assert "was not activated" not in pages.text_of(signed_in)
