"""Names as searches compare them, for every script."""

import sys
import unicodedata

from hypothesis import assume, example, given
from hypothesis import strategies as st

from users.search_names import search_name
from users.validators import USERNAME_MAX_LENGTH

#: The only accent with a capital that is a letter.
IOTA_SUBSCRIPT = "\u0345"
CHARACTERS = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
names = st.text(max_size=200)


def is_accent(mark: str) -> bool:
    return unicodedata.combining(mark) > 9 and mark != IOTA_SUBSCRIPT


@given(names)
def test_the_form_of_a_form_is_the_same(name: str) -> None:
    assert search_name(search_name(name)) == search_name(name)


@given(names, names)
@example("Ann ", "a")
@example("a" * 149, "\ufdfa")
def test_the_form_of_a_beginning_is_a_beginning_of_the_form(beginning: str, rest: str) -> None:
    # A mark belongs to the letter before it.
    assume(not unicodedata.combining(unicodedata.normalize("NFKD", rest)[:1] or "-"))

    assert search_name(beginning + rest).startswith(search_name(beginning))


@given(names)
def test_spelling_makes_no_difference(name: str) -> None:
    spellings = [name.casefold(), unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)]

    assert {search_name(spelling) for spelling in spellings} == {search_name(name)}


def test_every_letter_is_found_by_its_capital_and_by_its_plain_letter() -> None:
    letters = [character for character in CHARACTERS if unicodedata.category(character)[0] == "L"]
    assert len(letters) > 130_000

    for letter in letters:
        plain = unicodedata.normalize("NFD", letter)[0]
        accented = all(is_accent(mark) for mark in unicodedata.normalize("NFD", letter)[1:])
        assert search_name(letter.upper()) == search_name(letter), letter
        assert not accented or search_name(plain) == search_name(letter), letter


def test_every_invisible_mark_and_every_accent_is_left_out() -> None:
    marks = [each for each in CHARACTERS if unicodedata.category(each) == "Cf" or is_accent(each)]
    assert len(marks) > 900

    assert {search_name(f"An{mark}na") for mark in marks} == {"anna"}


@given(st.text(st.characters(codec="ascii"), max_size=200))
def test_names_in_ascii_have_the_form_of_all_others(name: str) -> None:
    assert search_name(name) == search_name(f"{name}\u200b")


@given(names)
def test_the_form_fits_into_its_column(name: str) -> None:
    assert len(search_name(name)) <= USERNAME_MAX_LENGTH


def test_marks_that_make_another_letter_stay() -> None:
    assert search_name("が") != search_name("か")
    assert search_name("कि") != search_name("क")
