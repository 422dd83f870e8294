"""One number is one referral: erasing an account, or changing its number, makes no number new."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.api import activate_code, post_registration
from tests.support.factories import (
    api_client,
    authorized_client,
    create_superuser,
    create_user,
    phone_number,
    request_code,
    service_client,
    sign_up,
)
from tests.support.pages import anonymous_browser, text_of
from tests.support.panel import PEOPLE, panel_client, user_page
from users.models import FormerNumber, Referral, User

pytestmark = pytest.mark.django_db

Leave = Callable[[str], None]


def user_of(phone: str) -> User:
    return User.objects.get(phone_number=phone)


def count_of(user: User) -> int:
    return int(api_client(user).get("/api/profile/").json()["referrals_count"])


def signed_in(answer: dict[str, Any]) -> APIClient:
    return authorized_client(f"Token {answer['token']}")


def erase_by_oneself(phone: str) -> None:
    assert api_client(user_of(phone)).delete("/api/profile/").status_code == 204


def erase_on_the_page(phone: str) -> None:
    browser = pages.signed_in_browser(user_of(phone))
    pages.submit_form(browser, "/settings/erase/", {"understood": "on"})


def erase_by_staff(phone: str) -> None:
    assert service_client().delete(f"/api/users/{user_of(phone).public_id}/").status_code == 204


def erase_in_the_panel(phone: str) -> None:
    page = user_page(user_of(phone), "delete")
    assert panel_client(create_superuser()).post(page, {"post": "yes"}).status_code == 302


def erase_in_bulk(phone: str) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [str(user_of(phone).pk)], "post": "yes"}
    assert panel_client(create_superuser()).post(PEOPLE, chosen).status_code == 302


def change_by_staff(phone: str) -> None:
    change = {"phone_number": phone_number()}
    assert service_client().patch(f"/api/users/{user_of(phone).public_id}/", change).status_code == 200


def change_in_the_panel(phone: str) -> None:
    form = {"phone_number": phone_number(), "username": "", "is_active": "on"}
    assert panel_client(create_superuser()).post(user_page(user_of(phone)), form).status_code == 302


ERASURES = [erase_by_oneself, erase_on_the_page, erase_by_staff, erase_in_the_panel, erase_in_bulk]
each_erasure = pytest.mark.parametrize("leave", ERASURES)
each_way_to_leave = pytest.mark.parametrize("leave", [*ERASURES, change_by_staff, change_in_the_panel])


@each_way_to_leave
def test_a_number_that_comes_back_signs_up_and_cannot_activate_a_code(leave: Leave, client: APIClient) -> None:
    inviter, phone = create_user(), phone_number()
    sign_up(client, phone)
    leave(phone)

    again = sign_up(client, phone)
    answer = activate_code(signed_in(again), inviter.referral_code)

    assert again["is_new_user"] is True
    assert again["referral_refusal"] is None
    assert (answer.status_code, answer.json()["code"]) == (409, "number_was_here_before")
    assert "used_referral_code" in answer.json()["errors"]
    assert count_of(inviter) == 0


@each_way_to_leave
def test_a_number_counts_once(leave: Leave, client: APIClient) -> None:
    inviter, phone = create_user(), phone_number()
    sign_up(client, phone, used_referral_code=inviter.referral_code)

    for _ in range(3):
        leave(phone)
        sign_up(client, phone, used_referral_code=inviter.referral_code)

    assert count_of(inviter) == Referral.objects.count() == 1


@pytest.mark.parametrize("path", ["/api/login/", "/api/jwt/", "link"])
def test_an_invitation_sent_along_is_left_out_and_the_answer_says_so(path: str, client: APIClient) -> None:
    inviter, phone = create_user(), phone_number()
    sign_up(client, phone)
    erase_by_oneself(phone)
    asked = client.post("/api/registration/", {"phone_number": phone}).json()
    body = {"confirmation_code": asked["confirmation_code"], "used_referral_code": inviter.referral_code}

    answer = (
        client.post(asked["verify_url"], body) if path == "link" else client.post(path, {**body, "phone_number": phone})
    )

    assert answer.status_code == 200
    assert answer.json()["is_new_user"] is True
    assert answer.json()["referral_refusal"] == "number_was_here_before"
    assert answer.json()["profile"]["used_referral_code"] is None


def test_an_invitation_of_a_new_number_is_activated_and_nothing_is_refused(client: APIClient) -> None:
    answer = sign_up(client, phone_number(), used_referral_code=create_user().referral_code)

    assert answer["referral_refusal"] is None
    assert answer["profile"]["used_referral_code"] is not None


def test_pages_say_that_the_number_was_here_before(client: APIClient) -> None:
    inviter, phone = create_user(), phone_number()
    sign_up(client, phone)
    erase_by_oneself(phone)
    browser = anonymous_browser()

    welcome = pages.sign_in(browser, phone, page=f"/r/{inviter.referral_code}/")

    assert "This is your own invite code" in text_of(welcome)
    for page in (welcome, browser.get("/profile/"), browser.get(f"/r/{inviter.referral_code}/")):
        assert "This phone number was registered here before" in text_of(page)
        assert "Activate" not in text_of(page)


def test_staff_cannot_activate_a_code_for_a_number_that_was_here(client: APIClient) -> None:
    inviter, phone = create_user(), phone_number()
    sign_up(client, phone)
    erase_by_oneself(phone)
    sign_up(client, phone)
    form = {"phone_number": phone, "username": "", "is_active": "on", "used_referral_code": inviter.referral_code}

    answer = panel_client(create_superuser()).post(user_page(user_of(phone)), form)

    assert answer.status_code == 200
    assert "was registered here before" in answer.content.decode()
    assert count_of(inviter) == 0


def test_a_number_given_by_staff_does_not_hide_where_the_person_was(client: APIClient) -> None:
    inviter, former, other = create_user(), phone_number(), phone_number()
    sign_up(client, former)
    erase_by_oneself(former)
    sign_up(client, other)
    path = f"/api/users/{user_of(other).public_id}/"

    assert service_client().patch(path, {"phone_number": former}).status_code == 200

    assert activate_code(api_client(user_of(former)), inviter.referral_code).json()["code"] == "number_was_here_before"


def test_the_window_of_activation_does_not_open_again(
    client: APIClient, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.REFERRAL_WINDOW_DAYS = 3
    inviter, phone = create_user(), phone_number()
    sign_up(client, phone)
    clock.shift(timedelta(days=4))
    assert activate_code(api_client(user_of(phone)), inviter.referral_code).json()["code"] == "activation_window_closed"

    erase_by_oneself(phone)
    again = signed_in(sign_up(client, phone))

    assert activate_code(again, inviter.referral_code).json()["code"] == "number_was_here_before"


@each_way_to_leave
def test_no_circle_closes_when_the_inviter_comes_back(leave: Leave, client: APIClient) -> None:
    phone = phone_number()
    sign_up(client, phone)
    boris = create_user(invited_by=user_of(phone))
    leave(phone)

    again = sign_up(client, phone)

    assert activate_code(signed_in(again), boris.referral_code).json()["code"] == "number_was_here_before"


@each_way_to_leave
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_no_circle_closes_when_the_invited_come_back(leave: Leave, steps: int, client: APIClient) -> None:
    anna = create_user()
    phone = phone_number()
    sign_up(client, phone, used_referral_code=anna.referral_code)
    leave(phone)
    last = user_of(sign_up(client, phone)["profile"]["phone_number"])
    for _ in range(steps - 1):
        last = create_user(invited_by=last)

    answer = activate_code(api_client(anna), last.referral_code)

    assert (answer.status_code, answer.json()["code"]) == (409, "referral_circle")


def test_others_may_come_with_the_code_of_a_number_that_came_back(client: APIClient) -> None:
    anna, stranger, phone = create_user(), create_user(), phone_number()
    sign_up(client, phone, used_referral_code=anna.referral_code)
    erase_by_oneself(phone)
    sign_up(client, phone)

    assert activate_code(api_client(stranger), user_of(phone).referral_code).status_code == 200


class TestMistakesOfStaff:
    def change(self, user: User, number: str) -> None:
        answer = service_client().patch(f"/api/users/{user.public_id}/", {"phone_number": number})
        assert answer.status_code == 200

    def test_a_person_who_gets_the_old_number_back_can_activate_a_code(self, client: APIClient) -> None:
        phone, wrong = phone_number(), phone_number()
        sign_up(client, phone)
        anna = user_of(phone)

        self.change(anna, wrong)
        self.change(anna, phone)

        assert activate_code(api_client(anna), create_user().referral_code).status_code == 200

    def test_the_owner_of_a_number_given_by_mistake_can_activate_a_code(self, client: APIClient) -> None:
        phone, wrong, right = phone_number(), phone_number(), phone_number()
        sign_up(client, phone)

        self.change(user_of(phone), wrong)
        self.change(user_of(wrong), right)

        owner = signed_in(sign_up(client, wrong))
        assert activate_code(owner, create_user().referral_code).status_code == 200

    def test_a_number_that_was_used_in_between_was_here(self, client: APIClient) -> None:
        phone, between = phone_number(), phone_number()
        sign_up(client, phone)
        self.change(user_of(phone), between)
        sign_up(client, between)

        self.change(user_of(between), phone_number())

        newcomer = signed_in(sign_up(client, between))
        assert activate_code(newcomer, create_user().referral_code).json()["code"] == "number_was_here_before"

    def test_other_changes_of_a_person_leave_no_number(self) -> None:
        anna = create_user()

        self.change(anna, str(anna.phone_number))
        service_client().patch(f"/api/users/{anna.public_id}/", {"username": "Anna"})

        assert FormerNumber.objects.count() == 0


class TestMemory:
    def test_ends_after_its_days_also_for_an_account_that_exists(
        self, client: APIClient, settings: Settings, clock: time_machine.Traveller
    ) -> None:
        settings.NUMBER_MEMORY_DAYS = 20
        inviter, phone = create_user(), phone_number()
        sign_up(client, phone)
        erase_by_oneself(phone)
        sign_up(client, phone)
        clock.shift(timedelta(days=19, hours=23))
        assert activate_code(api_client(user_of(phone)), inviter.referral_code).status_code == 409

        clock.shift(timedelta(hours=1))

        assert activate_code(api_client(user_of(phone)), inviter.referral_code).status_code == 200

    def test_is_purged_after_its_days(self, client: APIClient, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        sign_up(client, phone)
        erase_by_oneself(phone)
        clock.shift(timedelta(days=364))
        call_command("purge")
        assert FormerNumber.objects.count() == 1

        clock.shift(timedelta(days=1, seconds=1))
        call_command("purge")

        assert FormerNumber.objects.count() == 0

    def test_counts_from_the_last_erasure(self, client: APIClient, clock: time_machine.Traveller) -> None:
        phone = phone_number()
        for _ in range(2):
            sign_up(client, phone)
            clock.shift(timedelta(days=200))
            erase_by_oneself(phone)
        clock.shift(timedelta(days=200))

        again = signed_in(sign_up(client, phone))

        assert activate_code(again, create_user().referral_code).status_code == 409

    def test_is_switched_off_by_0_days(self, client: APIClient, settings: Settings) -> None:
        settings.NUMBER_MEMORY_DAYS = 0
        phone = phone_number()
        sign_up(client, phone)
        erase_by_oneself(phone)

        assert FormerNumber.objects.count() == 0
        assert "digest" not in text_of(pages.signed_in_browser(create_user()).get("/settings/erase/"))

    def test_is_kept_under_its_own_key(self, client: APIClient, settings: Settings) -> None:
        settings.NUMBER_MEMORY_KEY = "of the memory"
        inviter, phone = create_user(), phone_number()
        sign_up(client, phone)
        erase_by_oneself(phone)
        settings.SECRET_KEY = "another one"

        assert sign_up(client, phone, used_referral_code=inviter.referral_code)["referral_refusal"]
        erase_by_oneself(phone)
        settings.NUMBER_MEMORY_KEY = "another memory"

        assert sign_up(client, phone, used_referral_code=inviter.referral_code)["referral_refusal"] is None

    @pytest.mark.parametrize(("language", "words"), [("en", "for 365 days"), ("ru", "хранится 365 дней")])
    def test_is_told_before_the_erasure(self, language: str, words: str) -> None:
        browser = pages.signed_in_browser(create_user())

        assert words in text_of(browser.get("/settings/erase/", headers={"accept-language": language}))

    def test_is_told_in_the_description_of_the_api(self) -> None:
        operation = Client().get("/api/schema/?format=json").json()["paths"]["/api/profile/"]["delete"]

        assert "number_was_here_before" in operation["description"]

    def test_of_a_number_is_part_of_the_export(self, client: APIClient) -> None:
        phone = phone_number()
        sign_up(client, phone)
        erase_by_oneself(phone)
        again = signed_in(sign_up(client, phone))

        exported = again.get("/api/profile/export/").getvalue().decode()

        assert '"former_numbers": [\n{"left_at": "20' in exported


def test_registering_and_erasing_in_turns_uses_up_the_limits_of_the_number(client: APIClient) -> None:
    phone = phone_number()
    codes_sent = 0
    while (answer := post_registration(phone)).status_code == 202:
        codes_sent += 1
        code = answer.json()["confirmation_code"]
        assert client.post("/api/login/", {"phone_number": phone, "confirmation_code": code}).status_code == 200
        erase_by_oneself(phone)
        assert codes_sent < 10, "sends without a limit"

    assert answer.json()["code"] == "too_many_codes"
    assert codes_sent == 4  # the first, of a number that was new, and the three of LIMIT_CODES_PER_NUMBER_AND_ADDRESS


def test_later_sign_ins_of_a_number_that_came_back_give_their_sendings_back(client: APIClient) -> None:
    phone = phone_number()
    sign_up(client, phone)
    erase_by_oneself(phone)
    sign_up(client, phone)

    for _ in range(8):
        sign_up(client, phone)

    assert request_code(client, phone)
