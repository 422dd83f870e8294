"""What an inviter sees of the people who came, and what these people are told beforehand."""

import json
import os
import random
import re
import subprocess
import sys
from typing import Any

import phonenumbers
import pytest
from django.test import Client
from pytest_django import Settings

from referral_project.settings import BASE_DIR
from tests.support.factories import (
    api_client,
    create_superuser,
    create_user,
    phone_number,
    service_client,
)
from tests.support.pages import anonymous_browser, request_code, signed_in_browser, text_of
from tests.support.panel import panel_client, user_page
from users.models import User
from users.phones import MAX_SHOWN_DIGITS, PhoneNumber

#: What an observer may learn at most: see `PhoneNumber.masked`.
MOST_DIGITS = 5
PHONE = "+79031234578"
MASKED = "+7 903 ***-**-78"
TOLD = {
    "full": {"en": "will see your phone number", "ru": "увидит ваш номер телефона"},
    "masked": {"en": "will see a part of your phone number", "ru": "увидит часть вашего номера телефона"},
}


@pytest.fixture
def masked(settings: Settings) -> None:
    settings.REFERRALS_SHOW_NUMBERS = "masked"


def inviter_of(phone: str) -> User:
    anna = create_user()
    create_user(invited_by=anna, phone_number=phone)
    return anna


def seen_by(anna: User) -> dict[str, str]:
    """Return everything that an inviter can read, by place."""
    me = api_client(anna)
    return {
        "profile": json.dumps(me.get("/api/profile/").json()),
        "profile by number": json.dumps(me.get(f"/api/profile/{anna.phone_number}/").json()),
        "change of the profile": json.dumps(me.patch("/api/profile/", {"username": "Anna"}).json()),
        "referrals": json.dumps(me.get("/api/profile/referrals/").json()),
        "export": me.get("/api/profile/export/").getvalue().decode(),
        "page": text_of(signed_in_browser(anna).get("/profile/")),
        "exported on the page": signed_in_browser(anna).get("/settings/data/").getvalue().decode(),
    }


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)


@pytest.mark.django_db
class TestMasked:
    pytestmark = pytest.mark.usefixtures("masked")

    def test_no_place_shows_an_inviter_a_whole_number(self) -> None:
        for place, text in seen_by(inviter_of(PHONE)).items():
            assert MASKED in text, place
            assert digits_of(PHONE)[1:] not in digits_of(text), place

    def test_an_erased_person_is_null_as_before(self) -> None:
        anna = inviter_of(PHONE)
        api_client(User.objects.get(phone_number=PHONE)).delete("/api/profile/")

        assert api_client(anna).get("/api/profile/referrals/").json()["results"][0]["phone_number"] is None
        assert api_client(anna).get("/api/profile/").json()["referrals"] == []

    def test_staff_see_whole_numbers(self) -> None:
        anna = inviter_of(PHONE)

        assert service_client().get(f"/api/users/{anna.public_id}/").json()["referrals"] == [PHONE]
        page = panel_client(create_superuser()).get(user_page(anna)).content.decode()
        assert digits_of(PHONE) in digits_of(page)

    def test_people_see_their_own_whole_number(self) -> None:
        anna = create_user(phone_number=PHONE)

        assert api_client(anna).get("/api/profile/").json()["phone_number"] == PHONE


@pytest.mark.django_db
def test_whole_numbers_are_shown_by_default() -> None:
    for place, text in seen_by(inviter_of(PHONE)).items():
        assert digits_of(PHONE) in digits_of(text), place


def test_another_value_of_the_setting_stops_the_start() -> None:
    environment = {**os.environ, "REFERRALS_SHOW_NUMBERS": "Masked"}

    started = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=BASE_DIR, env=environment, capture_output=True, check=False
    )

    assert started.returncode != 0
    assert b"REFERRALS_SHOW_NUMBERS" in started.stderr


def mobile_numbers() -> list[PhoneNumber]:
    """Return a mobile number of every region of the number plan that has one."""
    mobile = phonenumbers.PhoneNumberType.MOBILE
    examples = (phonenumbers.example_number_for_type(region, mobile) for region in phonenumbers.SUPPORTED_REGIONS)
    e164 = phonenumbers.PhoneNumberFormat.E164
    return sorted({PhoneNumber(phonenumbers.format_number(example, e164)) for example in examples if example})


def parts_of(number: PhoneNumber) -> tuple[str, str]:
    return f"+{number.parsed.country_code}", phonenumbers.national_significant_number(number.parsed)


@pytest.mark.parametrize("number", mobile_numbers())
class TestMaskOfEveryRegion:
    def test_shows_the_country_and_few_digits(self, number: PhoneNumber) -> None:
        country, national = parts_of(number)

        shown = number.masked.removeprefix(country)

        assert number.masked.startswith(f"{country} ")
        assert len(digits_of(shown)) <= min(MOST_DIGITS, len(national) / 2)
        assert len(digits_of(shown)) + shown.count("*") == len(national)
        assert national.endswith(digits_of(shown)[-2:])

    def test_tells_nothing_about_the_hidden_digits(self, number: PhoneNumber) -> None:
        """Two numbers that differ in hidden digits only look the same: the number plan is not asked."""
        country, national = parts_of(number)
        shown = digits_of(number.masked.removeprefix(country))
        first, last = shown[:-2], shown[-2:]
        hidden = len(national) - len(shown)
        chance = random.Random(str(number))

        for _ in range(50):
            other = f"{country}{first}{chance.randrange(10**hidden):0{hidden}}{last}"
            # Parsed as a number of this country, also where the number plan does not know the digits.
            neighbour = PhoneNumber(other)
            if parts_of(neighbour) == (country, other.removeprefix(country)):
                assert neighbour.masked == number.masked


def test_the_bound_is_the_documented_one() -> None:
    assert MAX_SHOWN_DIGITS == MOST_DIGITS
    assert len(mobile_numbers()) > 200


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["full", "masked"])
@pytest.mark.parametrize("language", ["en", "ru"])
class TestPeopleAreToldBefore:
    @pytest.fixture(autouse=True)
    def told(self, settings: Settings, mode: str, language: str) -> None:
        settings.REFERRALS_SHOW_NUMBERS = mode
        self.words = TOLD[mode][language]
        self.language = {"accept-language": language}

    def read(self, browser: Client, path: str) -> str:
        return text_of(browser.get(path, headers=self.language))

    def test_on_the_page_of_an_invitation(self) -> None:
        invitation = f"/r/{create_user().referral_code}/"

        assert self.words in self.read(anonymous_browser(), invitation)
        assert self.words in self.read(signed_in_browser(create_user()), invitation)

    def test_on_the_page_of_the_code(self) -> None:
        browser = anonymous_browser()
        request_code(browser, phone_number())

        assert self.words in self.read(browser, "/sign-in/code/")

    def test_at_the_field_of_the_profile(self) -> None:
        assert self.words in self.read(signed_in_browser(create_user()), "/profile/")

    def test_not_after_a_code_was_activated(self) -> None:
        browser = signed_in_browser(create_user(invited_by=create_user()))

        assert self.words not in self.read(browser, "/profile/")


def fields_with_a_referral_code(schema: Any) -> dict[str, str]:
    """Return the description of each field by which a request activates an invite code."""
    return {
        name: component["properties"]["used_referral_code"].get("description", "")
        for name, component in schema["components"]["schemas"].items()
        if name.endswith("Request") and "used_referral_code" in component.get("properties", {})
    }


@pytest.mark.django_db
def test_the_description_of_the_api_tells_it_at_every_field() -> None:
    fields = fields_with_a_referral_code(Client().get("/api/schema/?format=json").json())

    assert len(fields) >= 3
    assert [
        name for name, told in fields.items() if "the owner of the code will see their phone number" not in told
    ] == []
