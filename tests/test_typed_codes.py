"""Spellings of confirmation codes, of the codes of staff, of invite codes and of share links."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.api import activate_code, post_login
from tests.support.examples import MAX_EXAMPLES
from tests.support.factories import api_client, create_user, phone_number, request_code, sign_up
from tests.support.pages import anonymous_browser, signed_in_browser, submit_form, text_of
from tests.support.panel import PEOPLE, user_page
from tests.support.spellings import DASHES, SPACES, ZEROS, full_width, in_script, with_marks
from users import reading, referral_codes
from users.models import ConfirmationCode, User

pytestmark = pytest.mark.django_db

#: Ways in which people write a confirmation code.
CODE_SPELLINGS: dict[str, Callable[[str], str]] = {
    "two groups": lambda code: f"{code[:2]} {code[2:]}",
    "dash": lambda code: f"{code[:2]}-{code[2:]}",
    "spaced out": " ".join,
    "full stop": lambda code: f"{code}.",
    "quotes": lambda code: f"«{code}»",
    "marks": with_marks,
    "Arabic-Indic digits": lambda code: in_script(code, "\u0660"),
    "full-width digits": full_width,
}


@pytest.mark.parametrize("spelling", CODE_SPELLINGS)
def test_api_reads_the_confirmation_code(client: APIClient, spelling: str) -> None:
    phone = phone_number()
    for path in ("/api/login/", "/api/jwt/"):
        body = {"phone_number": phone, "confirmation_code": CODE_SPELLINGS[spelling](request_code(client, phone))}
        assert client.post(path, body).status_code == 200

    asked = client.post("/api/registration/", {"phone_number": phone}).json()
    typed = CODE_SPELLINGS[spelling](asked["confirmation_code"])
    assert client.post(asked["verify_url"], {"confirmation_code": typed}).status_code == 200


@pytest.mark.parametrize("spelling", CODE_SPELLINGS)
def test_page_reads_the_confirmation_code(spelling: str) -> None:
    browser = anonymous_browser()
    code = pages.request_code(browser, phone_number())

    answer = submit_form(browser, "/sign-in/code/", {"confirmation_code": CODE_SPELLINGS[spelling](code)})

    assert answer.redirect_chain == [("/profile/", 302)]  # type: ignore[attr-defined]


def test_a_code_is_read_in_every_script_with_every_space_and_dash() -> None:
    for zero in ZEROS:
        assert reading.code(in_script("0427", zero)) == "0427"
    for separator in (*SPACES, *DASHES):
        assert reading.code(with_marks(f"04{separator}27")) == "0427"


@given(typed=st.text())
@example(typed="\uff0e\uff0d1\u00b22")
@hypothesis_settings(max_examples=MAX_EXAMPLES, deadline=None, derandomize=True)
def test_what_was_read_is_read_the_same_again(typed: str) -> None:
    for read in (reading.plain, reading.code, reading.name, referral_codes.kept):
        assert read(read(typed)) == read(typed)
    for code in referral_codes.readings(typed):
        assert referral_codes.readings(code)[0] == code


# Invite codes

CYRILLIC = str.maketrans("CHKTXMP", "СНКТХМР")
#: Ways in which people type, paste and forward an invite code.
REFERRAL_CODE_SPELLINGS: dict[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "full stop": lambda code: f"{code}.",
    "quotes": lambda code: f'"{code}"',
    "guillemets": lambda code: f"«{code}»",
    "hash": lambda code: f"#{code}",
    "brackets": lambda code: f"({code})",
    "narrow spaces": lambda code: f"{code[:3]}\u202f{code[3:]}",
    "typographic dash": lambda code: f"{code[:3]}\u2013{code[3:]}",
    "marks": with_marks,
    "full-width": full_width,
    "Arabic-Indic digits": lambda code: in_script(code, "\u0660"),
    "Cyrillic": lambda code: code.translate(CYRILLIC),
    "Cyrillic in lower case": lambda code: code.translate(CYRILLIC).lower(),
    "8 as B": lambda code: code.replace("8", "В"),  # Cyrillic
    "link": "https://referral.example/r/{}/".format,
    "link without scheme": "referral.example/r/{}".format,
    "link of another host": "http://10.0.0.7:8000/r/{}/".format,
    "link with a query": "https://referral.example/r/{}/?utm_source=chat&fbclid=x".format,
    "link with a query, no slash": "https://referral.example/r/{}?utm_source=chat#top".format,
    "link in capitals": lambda code: f"HTTPS://REFERRAL.EXAMPLE/R/{code}/",
    "link in brackets": "<https://referral.example/r/{}/>".format,
    "link with what a chat appends": "https://referral.example/r/{}/).".format,
    "link with %20": "https://referral.example/r/{}%20/".format,
    "message with the link": "Join me: https://referral.example/r/{}/, it is free!".format,
    "code and its link": "{0} https://referral.example/r/{0}/".format,
}


@pytest.fixture
def anna() -> User:
    """A user with a code of every kind of character: a digit, letters with and without look-alikes."""
    anna = create_user(username="Anna")
    User.objects.filter(pk=anna.pk).update(referral_code="8CHKXP")
    anna.refresh_from_db()
    return anna


@pytest.mark.parametrize("spelling", REFERRAL_CODE_SPELLINGS)
def test_api_reads_the_invite_code_and_its_repetition(anna: User, client: APIClient, spelling: str) -> None:
    typed = REFERRAL_CODE_SPELLINGS[spelling](anna.referral_code)
    boris = api_client(create_user())

    for repeated in (typed, anna.referral_code, typed):
        answer = activate_code(boris, repeated)
        assert (answer.status_code, answer.json()["used_referral_code"]) == (200, anna.referral_code)
    signed_up = sign_up(client, phone_number(), used_referral_code=typed)
    assert signed_up["profile"]["used_referral_code"] == anna.referral_code
    anna.refresh_from_db()
    assert anna.referrals_count == 2


@pytest.mark.parametrize("spelling", REFERRAL_CODE_SPELLINGS)
def test_pages_and_panel_read_the_invite_code(anna: User, admin_client: Client, spelling: str) -> None:
    typed = REFERRAL_CODE_SPELLINGS[spelling](anna.referral_code)
    boris, clara = create_user(), create_user()

    answer = submit_form(signed_in_browser(boris), "/profile/", {"used_referral_code": typed})
    assert "The invite code is activated." in text_of(answer)
    form = {"phone_number": str(clara.phone_number), "username": "", "is_active": "on", "used_referral_code": typed}
    assert admin_client.post(user_page(clara), form).status_code == 302
    assert f"{PEOPLE}{anna.pk}/change/" in admin_client.get(PEOPLE, {"q": typed}).content.decode()
    anna.refresh_from_db()
    assert anna.referrals_count == 2


@pytest.mark.parametrize(
    "typed", ["K7M2X!P", "my code 8CHKXP", "8CHKXР and 8CHKXР", "a/r/8CHKXP/ b/r/K7M2XQ/", "/r//", "8CHKXv", "8ϲHKXP"]
)
def test_what_may_mean_something_else_is_not_found(anna: User, typed: str) -> None:
    User.objects.filter(pk=create_user().pk).update(referral_code="K7M2XQ")

    answer = activate_code(api_client(create_user()), typed)

    assert (answer.status_code, answer.json()["code"]) == (400, "referral_code_not_found")


def test_a_code_is_looked_up_in_any_spelling(anna: User, client: APIClient) -> None:
    for typed in ("8chk-xp", "«8СНКХР»", with_marks("8CHKXP"), "8CHKXP."):
        answer = client.get(f"/api/referral-codes/{typed}/")
        assert (answer.status_code, answer.json()) == (200, {"referral_code": "8CHKXP"})


@pytest.mark.parametrize(
    "path",
    ["/r/{}", "/r/{}.", "/r/{}/.", "/r/{}/)", "/r/{}/),", "/R/{}/", "/r/{}%20/", "/r/{}/%20", "/r/{}/»", "/r/«{}»"],
)
def test_a_link_with_what_chats_append_opens_the_invitation(anna: User, path: str) -> None:
    answer: Any = anonymous_browser().get(path.format(anna.referral_code), follow=True)

    assert answer.status_code == 200
    assert f"Invite code {anna.referral_code}" in text_of(answer)


def test_a_corrected_link_keeps_its_query_and_refuses_an_unknown_code(anna: User) -> None:
    browser = anonymous_browser()

    assert browser.get("/r/8CHKXP/).?utm_source=chat").headers["Location"] == "/r/8CHKXP/?utm_source=chat"
    unknown: Any = browser.get("/R/nonsense/.", follow=True)
    assert unknown.status_code == 404
    assert "Nobody has this invite code" in text_of(unknown)


def test_a_code_of_the_wrong_length_costs_no_try() -> None:
    phone = phone_number()
    request_code(APIClient(), phone)

    for typed in ("12 3", "12-345", "\u200e", "..", "1" * 101):
        assert "confirmation_code" in post_login(phone, typed).json()["errors"]
    assert ConfirmationCode.objects.get().wrong_tries == 0
