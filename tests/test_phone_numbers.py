"""Spellings of phone numbers."""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice
from math import ceil

import phonenumbers
import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.examples import MAX_EXAMPLES
from tests.support.factories import create_user, sign_up
from tests.support.panel import PEOPLE
from tests.support.spellings import DASHES, MARKS, SPACES, ZEROS, full_width, in_script, with_marks
from users import phones
from users.models import ConfirmationCode, User
from users.refusals import PhoneNumberInvalid

pytestmark = pytest.mark.django_db

MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
SPELLINGS = 8
#: Each region meets every script, and each script every spelling; all of each in a run with many examples.
SCRIPTS_PER_SPELLING = len(ZEROS) if MAX_EXAMPLES >= 1_000 else ceil(len(ZEROS) / SPELLINGS)
EXAMPLES = {
    region: number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (number := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE))
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def spellings_of(number: phonenumbers.PhoneNumber) -> Iterator[str]:
    """Yield what people of the number's own region write."""
    yield from spellings_with_plus(number)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    yield f"00 {international[1:]}"
    yield national
    yield national.replace("-", " ").replace(" ", "/", 1)
    yield phonenumbers.national_significant_number(number)


def spellings_with_plus(number: phonenumbers.PhoneNumber) -> Iterator[str]:
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    code, _, rest = international.partition(" ")
    yield e164(number)
    yield international
    yield f"({code}) {rest}"
    yield phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)


def test_every_spelling_of_a_number_of_every_region_is_read_alike(settings: Settings) -> None:
    read, scripts = 0, cycle(ZEROS)
    for region, number in EXAMPLES.items():
        settings.PHONENUMBER_DEFAULT_REGION = region
        for spelling in spellings_of(number):
            assert phones.normalize(spelling) == e164(number), (region, spelling)
            assert re.search(phones.TYPED_PATTERN, spelling), spelling
            for zero in islice(scripts, SCRIPTS_PER_SPELLING):
                typed = with_marks(in_script(spelling, zero), first=read)
                assert phones.normalize(typed) == e164(number), (region, ascii(typed))
                read += 1

    assert read == len(EXAMPLES) * SPELLINGS * SCRIPTS_PER_SPELLING


def test_every_space_and_dash_may_stand_in_a_number() -> None:
    for separator in (*SPACES, *DASHES, "\u2212"):
        assert phones.normalize(f"+7{separator}916{separator}1234567{separator}") == "+79161234567"


@st.composite
def mobile_numbers(draw: st.DrawFn) -> phonenumbers.PhoneNumber:
    """A mobile number of any region, not only its example."""
    number = draw(st.sampled_from([*EXAMPLES.values()]))
    national = phonenumbers.national_significant_number(number)
    kept = draw(st.integers(1, len(national)))
    rest = draw(st.text("0123456789", min_size=len(national) - kept, max_size=len(national) - kept))
    try:
        other = phonenumbers.parse(f"+{number.country_code}{national[:kept]}{rest}")
    except phonenumbers.NumberParseException:
        assume(False)
    assume(phonenumbers.number_type(other) in MOBILE)
    return other


@st.composite
def typed_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """A number in E.164, and a spelling of it with the country code, as it is pasted from anywhere."""
    number = draw(mobile_numbers())
    typed = draw(st.sampled_from([*spellings_with_plus(number)]))
    around = ["{}", "{}.", '"{}"', "«{}»", "<{}>", "\N{BLACK TELEPHONE} {}", "'{},"]
    typed = draw(st.sampled_from(around)).format(in_script(typed, draw(st.sampled_from(ZEROS))))
    typed = typed.replace(" ", draw(st.sampled_from(SPACES))).replace("-", draw(st.sampled_from(DASHES)))
    typed = draw(st.sampled_from([typed, full_width(typed)]))
    at = draw(st.integers(0, len(typed)))
    return e164(number), typed[:at] + draw(st.text(MARKS, max_size=20)) + typed[at:]


many_examples = hypothesis_settings(max_examples=MAX_EXAMPLES, deadline=None, derandomize=True)


@given(typed_number=typed_numbers(), region=st.sampled_from([*EXAMPLES]))
@many_examples
def test_a_number_with_its_country_code_is_the_same_everywhere(typed_number: tuple[str, str], region: str) -> None:
    number, typed = typed_number
    with override_settings(PHONENUMBER_DEFAULT_REGION=region):
        assert phones.normalize(typed) == number
        assert phones.normalize(number) == number
        assert re.search(phones.TYPED_PATTERN, typed)


@given(number=mobile_numbers(), region=st.sampled_from([*EXAMPLES]))
@many_examples
def test_00_never_leads_to_the_number_of_another_country(number: phonenumbers.PhoneNumber, region: str) -> None:
    with override_settings(PHONENUMBER_DEFAULT_REGION=region), suppress(PhoneNumberInvalid):
        assert phones.normalize(f"00{e164(number)[1:]}") == e164(number)


NUMBER_LIKE = st.text(st.sampled_from("+0123456789 ()[]/.-~#*x;,\n\u200e\u00a0\u0664\uff0b"), max_size=40)


@given(typed=st.text() | NUMBER_LIKE, region=st.sampled_from([*EXAMPLES]))
@many_examples
def test_any_text_is_a_number_that_is_read_again_or_refused(typed: str, region: str) -> None:
    with override_settings(PHONENUMBER_DEFAULT_REGION=region), suppress(PhoneNumberInvalid):
        number = phones.normalize(typed)

        assert phones.normalize(str(number)) == number
        assert re.search(phones.TYPED_PATTERN, typed)


@pytest.mark.parametrize("typed", ["+7 916 123-45-67 ext. 5", "*100#", "+799", "79991234567a", "tel", "()"])
def test_the_schema_rules_out_what_is_no_number(typed: str) -> None:
    assert not re.search(phones.TYPED_PATTERN, typed)


def test_all_spellings_of_a_number_are_one_user(client: APIClient) -> None:
    for typed in ("8 999 999-99-99", "(+7) 999 9999999", "0079999999999", "tel:+7-999-999-99-99", "٠٠٧٩٩٩٩٩٩٩٩٩٩"):
        assert sign_up(client, typed)["profile"]["phone_number"] == "+79999999999"

    assert User.objects.count() == 1


def test_pages_and_panel_read_what_is_pasted(admin_client: Client) -> None:
    anna = create_user(phone_number="+79161234567", username="Anna")
    pasted = with_marks("(+٧) ٩١٦ ١٢٣٤٥٦٧")

    pages.sign_in(browser := pages.anonymous_browser(), pasted)
    assert User.objects.count() == 2
    assert anna.referral_code in pages.text_of(browser.get("/profile/"))

    found = admin_client.get(PEOPLE, {"q": pasted}).content.decode()
    assert f"{PEOPLE}{anna.pk}/change/" in found


@pytest.mark.parametrize("number", ["+381601234567", "+77011234567", "+447911123456", "+12015550123"])
def test_foreign_numbers_are_kept(client: APIClient, number: str) -> None:
    assert sign_up(client, number)["profile"]["phone_number"] == number


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("🙂", ""),
        ("+" * 40, ""),
        ("\u200e", ""),
        ("abc+79161234567", "There are letters in it."),
        ("+7 916 CALL NOW", "There are letters in it."),
        ("+79161234567;ext=5", "There is an extension in it."),
        ("+79161234567 ext. 5", "There is an extension in it."),
        ("+79161234567 доб. 5", "There is an extension in it."),
        ("+79161234567#5", "There is an extension in it."),
        ("+79161234567\n+79161234568", "There are two numbers in it."),
        ("8 916 123-45-67 / 8 916 123-45-68", "There are two numbers in it."),
        ("89161234567, 89161234568", "There are two numbers in it."),
        ("89161234567 или 89161234568", "There are two numbers in it."),
        ("*100#", "There are characters in it that no phone number has."),
        ("+7 916 123\n45 67", "There are characters in it that no phone number has."),
        ("12345", "It has too few digits."),
        ("+7916123456", "It has too few digits."),
        ("+44 7911 123456 789 012", "It has too many digits."),
        ("9" * 101, "It has too many digits."),
        ("+999123456789", "No country has this code."),
        ("+8 916 123-45-67", "No country has this code."),
        ("+7 495 123-45-67", "It is not the number of a mobile phone."),
        ("381 60 1234567", "There is no such number."),
    ],
)
def test_a_refusal_says_what_was_found(client: APIClient, typed: str, found: str) -> None:
    answer = client.post("/api/registration/", {"phone_number": typed})

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]["phone_number"]
    assert error["code"] == "phone_number_invalid"
    instead = "Enter a mobile phone number: start with + and the country code, for example +7 999 999-99-99."
    assert error["detail"] == f"{found} {instead}".lstrip()
    assert ConfirmationCode.objects.count() == 0


def test_national_numbers_use_the_default_region(client: APIClient, settings: Settings) -> None:
    settings.PHONENUMBER_DEFAULT_REGION = "RS"

    assert sign_up(client, "060 1234567")["profile"]["phone_number"] == "+381601234567"


def test_two_numbers_that_share_a_beginning_are_not_one(client: APIClient, settings: Settings) -> None:
    settings.PHONENUMBER_DEFAULT_REGION = "DE"

    assert client.post("/api/registration/", {"phone_number": "0171/1234567"}).status_code == 202
    refused = client.post("/api/registration/", {"phone_number": "0171/1234567/8"})  # and 0171/1234568

    assert "There are two numbers in it." in refused.json()["errors"]["phone_number"][0]["detail"]


def test_a_prefix_that_means_two_numbers_is_refused(client: APIClient, settings: Settings) -> None:
    settings.PHONENUMBER_DEFAULT_REGION = "HK"  # where 009 leads abroad, as 00 does

    answer = client.post("/api/registration/", {"phone_number": "0091 81234 56789"})

    assert "It may be a number of several countries." in answer.json()["errors"]["phone_number"][0]["detail"]


def test_createsuperuser_accepts_any_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["not a number", "\u202a(+7) 999 111\u201122\u201133\u202c"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(typed))
    monkeypatch.setattr("getpass.getpass", lambda *_prompt: "a long password of staff")
    errors = io.StringIO()

    call_command("createsuperuser", stdin=Terminal(), stderr=errors, stdout=io.StringIO())

    assert "Enter a mobile phone number" in errors.getvalue()
    assert User.objects.get(is_superuser=True).phone_number == "+79991112233"
