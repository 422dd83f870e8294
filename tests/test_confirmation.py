"""What can't be undone needs a fresh code in a session that was opened more than an hour ago."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.factories import (
    api_client,
    authorized_client,
    create_user,
    phone_number,
    request_code,
    wrong_code,
)
from users.models import User
from users.phones import PhoneNumber

pytestmark = pytest.mark.django_db

CONFIRM = "/api/profile/confirm/"
MINUTE, HOUR = 60, 3_600

ACTIONS: dict[str, Callable[[APIClient], Any]] = {
    "erasing": lambda me: me.delete("/api/profile/"),
    "exporting": lambda me: me.get("/api/profile/export/"),
    "changing the number": lambda me: me.post("/api/profile/phone-number/", {"phone_number": phone_number()}),
}


@pytest.fixture(params=["token", "jwt"])
def open_session(request: pytest.FixtureRequest) -> Callable[[User], APIClient]:
    """Open a session of each kind; the access token of a JWT session is renewed before each use."""
    if request.param == "token":
        return api_client

    class Renewing(APIClient):
        refresh = ""

        def generic(self, *args: Any, **kwargs: Any) -> Any:
            pair = APIClient().post("/api/jwt/refresh/", {"refresh": self.refresh}).json()
            self.refresh = pair["refresh"]
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
            return super().generic(*args, **kwargs)

    def open_jwt(user: User) -> APIClient:
        phone = str(user.phone_number)
        body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
        client = Renewing()
        client.refresh = APIClient().post("/api/jwt/", body).json()["refresh"]
        return client

    return open_jwt


def confirm(me: APIClient) -> Any:
    asked = me.post(CONFIRM)
    assert asked.status_code == 202, asked.content
    return me.post(CONFIRM, {"confirmation_code": asked.json()["confirmation_code"]})


@pytest.mark.parametrize("action", ACTIONS)
def test_an_old_session_needs_a_code(
    open_session: Callable[[User], APIClient], action: str, clock: time_machine.Traveller
) -> None:
    anna = create_user()
    me = open_session(anna)
    clock.shift(HOUR + 1)
    other = open_session(anna)
    clock.shift(HOUR + 1)

    refused = ACTIONS[action](me)

    assert (refused.status_code, refused.json()["code"]) == (403, "confirmation_needed")
    assert refused.json()["minutes"] == 60
    assert confirm(me).status_code == 200
    clock.shift(10 * MINUTE - 1)
    assert ACTIONS[action](other).json()["code"] == "confirmation_needed"
    assert ACTIONS[action](me).status_code < 300


@pytest.mark.parametrize("action", ACTIONS)
def test_a_young_session_goes_on_as_before(action: str, clock: time_machine.Traveller) -> None:
    me = api_client(create_user())
    clock.shift(HOUR)

    assert ACTIONS[action](me).status_code < 300


def test_a_confirmation_lasts_for_ten_minutes(clock: time_machine.Traveller) -> None:
    me = api_client(create_user())
    clock.shift(2 * HOUR)
    confirm(me)

    clock.shift(10 * MINUTE)

    assert ACTIONS["exporting"](me).json()["code"] == "confirmation_needed"


def test_other_operations_never_need_one(clock: time_machine.Traveller) -> None:
    me = api_client(create_user())
    clock.shift(2 * HOUR)

    assert me.get("/api/profile/").status_code == 200
    assert me.patch("/api/profile/", {"username": "Anna"}).status_code == 200


def test_it_can_be_turned_off(settings: Settings, clock: time_machine.Traveller) -> None:
    settings.CONFIRM_AFTER_MINUTES = 0
    me = api_client(create_user())
    clock.shift(24 * HOUR)

    assert ACTIONS["erasing"](me).status_code == 204


def test_a_wrong_code_confirms_nothing(clock: time_machine.Traveller) -> None:
    me = api_client(create_user())
    clock.shift(2 * HOUR)
    code = me.post(CONFIRM).json()["confirmation_code"]

    assert me.post(CONFIRM, {"confirmation_code": wrong_code(code)}).json()["tries_left"] == 4
    assert ACTIONS["exporting"](me).status_code == 403


def ask_to_change_number(me: APIClient) -> Callable[[], Any]:
    """Ask for the code of a new number; return what redeems it."""
    code = me.post("/api/profile/phone-number/", {"phone_number": phone_number()}).json()["confirmation_code"]
    return lambda: me.post("/api/profile/phone-number/confirm/", {"confirmation_code": code})


@pytest.mark.parametrize("minutes", [60, 0])
@pytest.mark.parametrize(
    "begin",
    [
        *(lambda me, action=action: partial(action, me) for action in ACTIONS.values()),
        ask_to_change_number,
    ],
    ids=[*ACTIONS, "redeeming the code of a change"],
)
def test_the_access_token_of_an_ended_session_can_do_nothing_that_stays(
    begin: Callable[[APIClient], Callable[[], Any]], minutes: int, settings: Settings
) -> None:
    settings.CONFIRM_AFTER_MINUTES = minutes
    anna = create_user()
    phone = str(anna.phone_number)
    body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
    pair = APIClient().post("/api/jwt/", body).json()
    me = authorized_client(f"Bearer {pair['access']}")
    go_on = begin(me)
    (session,) = [each for each in me.get("/api/sessions/").json() if each["is_current"]]

    assert api_client(anna).delete(f"/api/sessions/{session['id']}/").status_code == 204

    assert me.get("/api/profile/").status_code == 200  # until the token expires
    assert go_on().json()["code"] == "session_ended"
    assert User.objects.get(pk=anna.pk).phone_number == phone


def test_strangers_get_no_code(client: APIClient) -> None:
    assert client.post(CONFIRM).status_code == 401


# On the pages, without JavaScript.


@pytest.mark.parametrize("page", ["/settings/erase/", "/settings/data/", "/settings/number/"])
def test_pages_ask_for_the_code_and_lead_back(page: str, clock: time_machine.Traveller) -> None:
    browser = pages.signed_in_browser(create_user())
    clock.shift(2 * HOUR)

    asked = browser.get(page, follow=True)

    assert asked.redirect_chain == [(f"/settings/confirm/?next={page.replace('/', '%2F')}", 302)]
    confirm_page = asked.redirect_chain[-1][0]
    code = code_on(pages.submit_form(browser, confirm_page, {"send": "yes"}))
    wrong = pages.submit_form(browser, confirm_page, {"confirmation_code": wrong_code(code)})
    assert "Wrong code. Tries left: 4." in pages.text_of(wrong)
    gone_on = pages.submit_form(browser, confirm_page, {"confirmation_code": code})
    assert gone_on.redirect_chain == [(page, 302)]  # type: ignore[attr-defined]
    assert gone_on.status_code == 200


def code_on(answer: Any) -> str:
    return str(answer.content.decode().partition('class="exposed"')[2].partition(">")[2].partition("<")[0])


def test_erasing_on_the_page_is_refused_until_then(clock: time_machine.Traveller) -> None:
    anna = create_user()
    browser = pages.signed_in_browser(anna)
    browser.get("/settings/erase/")
    clock.shift(2 * HOUR)

    answer = browser.post("/settings/erase/", {"understood": "on", "csrfmiddlewaretoken": token_of(browser)})

    assert answer["Location"].startswith("/settings/confirm/")
    assert User.objects.filter(pk=anna.pk).exists()


def token_of(browser: Client) -> str:
    return pages.forms_of(browser.get("/settings/").content.decode())[0].filled_in["csrfmiddlewaretoken"]


def test_the_number_is_changed_on_the_pages() -> None:
    anna, new = create_user(), phone_number()
    browser, elsewhere = pages.signed_in_browser(anna), pages.signed_in_browser(anna)

    own = pages.submit_form(browser, "/settings/number/", {"phone_number": str(anna.phone_number)})
    assert "This is the number of your account already." in pages.text_of(own)
    sent = pages.submit_form(browser, "/settings/number/", {"phone_number": new})
    done = pages.submit_form(browser, "/settings/number/code/", {"confirmation_code": code_on(sent)})

    assert "Your number is changed." in pages.text_of(done)
    anna.refresh_from_db()
    assert anna.phone_number == new
    assert browser.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302
    listed = pages.text_of(browser.get("/settings/sessions/"))  # type: ignore[arg-type]
    assert listed.count("this device") == listed.count("last used") == 1


def test_another_code_for_the_new_number_needs_a_confirmed_session(clock: time_machine.Traveller) -> None:
    browser = pages.signed_in_browser(create_user())
    pages.submit_form(browser, "/settings/number/", {"phone_number": phone_number()})
    clock.shift(HOUR + 1 - 2 * MINUTE)
    assert pages.submit_form(browser, "/settings/number/code/", {"send": "yes"}).redirect_chain == [
        ("/settings/number/code/", 302)
    ]
    clock.shift(2 * MINUTE)

    answer = pages.submit_form(browser, "/settings/number/code/", {"send": "yes"})

    assert answer.redirect_chain == [("/settings/confirm/?next=%2Fsettings%2Fnumber%2Fcode%2F", 302)]


def test_who_signs_in_to_the_same_browser_later_does_not_see_the_new_number() -> None:
    browser, new = pages.signed_in_browser(create_user()), phone_number()
    pages.submit_form(browser, "/settings/number/", {"phone_number": new})
    pages.submit_form(browser, "/settings/sign-out/", {}, page="/settings/")
    pages.sign_in(browser, str(create_user().phone_number))

    answer = browser.get("/settings/number/code/", follow=True)

    assert answer.redirect_chain == [("/settings/number/", 302)]
    assert PhoneNumber(new).as_international not in pages.text_of(answer)  # type: ignore[arg-type]


def test_a_taken_number_is_refused_on_the_page_after_the_code() -> None:
    browser, taken = pages.signed_in_browser(create_user()), str(create_user().phone_number)

    sent = pages.submit_form(browser, "/settings/number/", {"phone_number": taken})
    refused = pages.submit_form(browser, "/settings/number/code/", {"confirmation_code": code_on(sent)})

    assert "Someone with this phone number is registered already." in pages.text_of(refused)


def test_sessions_are_listed_and_ended_on_the_page() -> None:
    anna = create_user()
    browser, other = pages.signed_in_browser(anna), pages.signed_in_browser(anna)
    me = api_client(anna)
    html = browser.get("/settings/sessions/").content.decode()
    ending = [form.action for form in pages.forms_of(html) if form.action.endswith("/end/")]
    assert len(ending) == 3
    assert html.count("this device") == 1

    for path in ending[:2]:
        pages.submit_form(browser, path, {}, page="/settings/sessions/")

    assert me.get("/api/profile/").status_code == 401
    assert other.get("/profile/").status_code == 302
    assert browser.get("/profile/").status_code == 200
    (here,) = [form.action for form in pages.forms_of(browser.get("/settings/sessions/").content.decode())
               if form.action.endswith("/end/")]  # fmt: skip
    signed_out = pages.submit_form(browser, here, {}, page="/settings/sessions/")
    assert "You are signed out in this browser." in pages.text_of(signed_out)
