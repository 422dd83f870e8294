"""Names in every script, and what no name contains."""

import re
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.support.examples import MAX_EXAMPLES
from tests.support.factories import api_client, create_user
from tests.support.pages import signed_in_browser, submit_form
from tests.support.panel import PEOPLE, user_page
from tests.support.spellings import SPACES
from users import reading
from users.models import User
from users.validators import USERNAME_PATTERN, validate_username

pytestmark = pytest.mark.django_db

WRITTEN_WITH_JOINERS = [
    "علی\u200cرضا",  # Persian
    "محمّد\u200cرضا",  # after a vowel mark
    "क्\u200dष",  # Devanagari
    "ಶ್ರೀನಿವಾಸ್\u200cಕುಮಾರ್",  # Kannada
    "অর\u200d্যা",  # Bengali: before the virama
    "അനില്\u200d",  # Malayalam: the last letter
    "ක්\u200dරිස්ටි",  # Sinhala
]


def rename(user: User, name: str) -> tuple[int, str]:
    answer = api_client(user).patch("/api/profile/", {"username": name})
    user.refresh_from_db()
    return answer.status_code, user.username


@pytest.mark.parametrize("name", WRITTEN_WITH_JOINERS)
def test_joiners_stay_where_a_script_needs_them(name: str) -> None:
    assert rename(create_user(), name) == (200, unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        *((f"Anna{space}Maria", "Anna Maria") for space in SPACES),
        ("\u00a0 Anna  \u2009\u00a0Maria \u3000", "Anna Maria"),
        ("Jose\u0301", "José"),
        ("\u200eAnna\u200f \ufeffMa\u00adria\u200b\u2060", "Anna Maria"),
        ("An\u200dna \u200cMaria\u200c", "Anna Maria"),
        ("علی\u200c", "علی"),
        ("\u200b", ""),
        ("葛\U000e0100城", "葛\U000e0100城"),
    ],
)
def test_spaces_are_one_and_marks_that_change_nothing_are_removed(typed: str, kept: str) -> None:
    assert rename(create_user(username="Anna"), typed) == (200, kept)


NOT_OF_A_NAME = {
    **{character: f"U+{ord(character):04X}" for character in "\t\n\x1b\x7f\u202a\u202e\u202c\u2066\u2069\u2028\ue000"},
    **{character: character for character in "<>=+|$\N{GRINNING FACE}"},
}


@pytest.mark.parametrize("character", NOT_OF_A_NAME, ids=ascii)
def test_what_no_name_contains_is_refused_and_named(client: APIClient, character: str) -> None:
    answer = client.post("/api/registration/", {"phone_number": "+79991234567", "username": f"An{character}na"})

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]["username"]
    assert error["code"] == "username_invalid"
    assert error["detail"].endswith(f"this is none of them: {NOT_OF_A_NAME[character]}")


def test_the_schema_allows_every_name_that_is_read_and_no_ascii_that_is_refused() -> None:
    for character in map(chr, [*range(0x2_000), *range(0xFF00, 0xFFF0)]):
        for typed in (character, f"Anna {character} Maria", f"{character}Anna"):
            try:
                validate_username(reading.name(typed.strip()))
            except ValidationError:
                is_read = False
            else:
                is_read = True
            is_allowed = bool(re.search(USERNAME_PATTERN, typed))
            assert is_allowed or not is_read, ascii(typed)
            assert is_read or not (is_allowed and typed.isascii()), ascii(typed)


@pytest.mark.parametrize("start", ["-", "@", "\uff0d", "\uff20"])
def test_a_name_does_not_begin_as_a_formula(start: str) -> None:
    answer = api_client(create_user()).patch("/api/profile/", {"username": f"{start}SUM(1)"})

    assert answer.status_code == 400
    assert answer.json()["errors"]["username"][0]["detail"].startswith(f"A name can't begin with {start}")


def test_page_and_panel_read_and_refuse_names_alike(admin_client: Client) -> None:
    anna = create_user(username="Anna")
    browser = signed_in_browser(anna)
    form = {"phone_number": str(anna.phone_number), "is_active": "on"}

    for typed, kept in (("علی\u200cرضا\u00a0", "علی\u200cرضا"), ("<b>", "علی\u200cرضا"), ("Jose\u0301", "José")):
        submit_form(browser, "/settings/", {"username": typed})
        anna.refresh_from_db()
        assert anna.username == kept

    for typed, kept in (("Anna\u00a0\u00a0Maria", "Anna Maria"), ("An\u202ena", "Anna Maria")):
        admin_client.post(user_page(anna), {**form, "username": typed})
        anna.refresh_from_db()
        assert anna.username == kept


def test_search_reads_what_is_pasted(admin_client: Client) -> None:
    anna = create_user(phone_number="+79161234567", username="José Maria")

    for term in ("Jose\u0301\u00a0Mar\u200e", "\u202a+7\u200e916\u2009123", "+٧٩١٦"):
        assert user_page(anna) in admin_client.get(PEOPLE, {"q": term}).content.decode()


@given(typed=st.text(st.sampled_from("aع\u0651क\u094d\u0dd9\u0dca \u00a0\u200c\u200d\u200e\u0301\u0308é")))
@hypothesis_settings(max_examples=4 * MAX_EXAMPLES, deadline=None, derandomize=True)
def test_a_name_that_was_read_is_read_the_same_again(typed: str) -> None:
    assert reading.name(reading.name(typed)) == reading.name(typed)
