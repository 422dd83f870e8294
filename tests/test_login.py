"""Redeeming a code."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import ask_for_code, invited_by, person, phone_number, sign_up, signed_in, wrong
from users import referral_codes
from users.models import ConfirmationCode, Referral, User

pytestmark = pytest.mark.django_db


def login(client: APIClient, phone: str, code: str, **fields: str):
    return client.post("/api/login/", {"phone_number": phone, "confirmation_code": code, **fields})


def test_the_first_sign_in_saves_the_person_with_an_invite_code(client: APIClient) -> None:
    phone = phone_number()

    signed_up = sign_up(client, phone)

    assert signed_up["is_new_user"] is True
    assert signed_up["profile"]["phone_number"] == phone
    code = signed_up["profile"]["referral_code"]
    assert len(code) == 6
    assert set(code) <= set(referral_codes.ALPHABET)
    assert signed_up["profile"]["used_referral_code"] is None
    assert signed_up["profile"]["referrals"] == []


def test_the_invite_code_stays_the_same_for_good(client: APIClient) -> None:
    phone = phone_number()
    first = sign_up(client, phone)

    second = sign_up(client, phone)

    assert second["is_new_user"] is False
    assert second["profile"]["referral_code"] == first["profile"]["referral_code"]


def test_the_token_signs_in(client: APIClient) -> None:
    signed_up = sign_up(client, phone_number())

    client.credentials(HTTP_AUTHORIZATION=f"Token {signed_up['token']}")
    answer = client.get("/api/profile/")

    assert answer.status_code == 200
    assert answer.json() == signed_up["profile"]


def test_a_used_code_is_refused(client: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)
    assert login(client, phone, code).status_code == 200

    again = login(client, phone, code)

    assert again.status_code == 400
    assert again.json()["code"] == "confirmation_code_expired"


def test_a_replaced_code_is_refused(client: APIClient) -> None:
    phone = phone_number()
    old = ask_for_code(client, phone)
    new = old
    while new == old:
        ConfirmationCode.objects.update(resend_at=timezone.now())
        new = ask_for_code(client, phone)

    assert login(client, phone, old).json()["code"] == "confirmation_code_wrong"
    assert login(client, phone, new).status_code == 200


def test_an_expired_code_is_refused(client: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)
    ConfirmationCode.objects.update(expires_at=timezone.now() - timedelta(microseconds=1))

    answer = login(client, phone, code)

    assert answer.status_code == 400
    assert answer.json()["code"] == "confirmation_code_expired"
    assert User.objects.count() == 0


def test_a_number_without_a_code_is_told_to_ask_for_one(client: APIClient) -> None:
    answer = login(client, phone_number(), "1234")

    assert answer.status_code == 400
    assert answer.json()["code"] == "confirmation_code_expired"


def test_a_wrong_code_says_how_many_tries_are_left(client: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)

    answer = login(client, phone, wrong(code))

    assert answer.status_code == 400
    assert answer.json()["code"] == "confirmation_code_wrong"
    assert answer.json()["tries_left"] == 4
    assert answer.json()["errors"]["confirmation_code"][0]["detail"] == "Wrong code. Tries left: 4."
    assert login(client, phone, code).status_code == 200


def test_five_wrong_tries_kill_a_code_even_for_the_right_one(client: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)

    codes = [login(client, phone, wrong(code)).json()["code"] for _ in range(5)]

    assert codes == ["confirmation_code_wrong"] * 4 + ["confirmation_code_exhausted"]
    assert login(client, phone, code).json()["code"] == "confirmation_code_exhausted"


def test_a_new_code_brings_new_tries(client: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)
    for _ in range(5):
        login(client, phone, wrong(code))
    ConfirmationCode.objects.update(resend_at=timezone.now())

    assert login(client, phone, ask_for_code(client, phone)).status_code == 200


def test_two_phones_that_hold_the_same_code_sign_in_as_themselves(client: APIClient, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_LENGTH = 1
    phones_by_code: dict[str, str] = {}
    while True:
        phone = phone_number()
        code = ask_for_code(client, phone)
        if code in phones_by_code:
            break
        phones_by_code[code] = phone

    for each in (phone, phones_by_code[code]):
        assert login(client, each, code).json()["profile"]["phone_number"] == each


def test_a_code_of_one_phone_does_not_open_another(client: APIClient) -> None:
    mine, other = phone_number(), phone_number()
    code = ask_for_code(client, mine)

    assert login(client, other, code).status_code == 400
    ask_for_code(client, other)
    ConfirmationCode.objects.filter(phone_number=other).update(
        digest=ConfirmationCode.objects.get(phone_number=mine).digest
    )

    assert login(client, other, code).json()["code"] == "confirmation_code_wrong"


@pytest.mark.usefixtures("unlimited")
def test_codes_keep_their_leading_zeros(client: APIClient, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_LENGTH = 2
    code, phone = "", ""
    while not code.startswith("0"):
        phone = phone_number()
        code = ask_for_code(client, phone)

    assert login(client, phone, code).status_code == 200


@pytest.mark.parametrize("code", ["", "123", "12345", "12a4", "١٢٣٤", "-123", None, ["1234"], {"a": 1}])
def test_what_can_not_be_a_code_costs_no_try(client: APIClient, code: object) -> None:
    phone = phone_number()
    ask_for_code(client, phone)

    answer = client.post("/api/login/", {"phone_number": phone, "confirmation_code": code})

    assert answer.status_code == 400
    assert "confirmation_code" in answer.json()["errors"]
    assert ConfirmationCode.objects.get().wrong_tries == 0


def test_a_disabled_person_can_not_sign_in_and_stays_disabled(client: APIClient) -> None:
    banned = person(is_active=False)
    phone = str(banned.phone_number)

    answer = login(client, phone, ask_for_code(client, phone))

    assert answer.status_code == 403
    assert answer.json()["code"] == "account_disabled"
    banned.refresh_from_db()
    assert banned.is_active is False
    assert banned.last_login is None


def test_whoever_comes_by_a_share_link_has_its_code_activated(client: APIClient) -> None:
    inviter = person()

    signed_up = sign_up(client, phone_number(), used_referral_code=inviter.referral_code.lower())

    assert signed_up["profile"]["used_referral_code"] == inviter.referral_code
    mine = signed_in(inviter).get("/api/profile/").json()
    assert mine["referrals"] == [signed_up["profile"]["phone_number"]]
    assert mine["referrals_count"] == 1


def test_an_unknown_share_code_neither_saves_anybody_nor_costs_the_confirmation_code(client: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)

    answer = login(client, phone, code, used_referral_code="222222")

    assert answer.status_code == 400
    assert answer.json()["code"] == "referral_code_not_found"
    assert "used_referral_code" in answer.json()["errors"]
    assert User.objects.count() == 0
    assert login(client, phone, code).status_code == 200


def test_a_share_code_is_ignored_for_somebody_registered_already(client: APIClient) -> None:
    inviter, somebody = person(), person()

    again = sign_up(client, str(somebody.phone_number), used_referral_code=inviter.referral_code)

    assert again["profile"]["used_referral_code"] is None
    assert Referral.objects.count() == 0


def test_a_share_code_of_a_disabled_person_is_unknown(client: APIClient) -> None:
    inviter = person(is_active=False)
    phone = phone_number()

    answer = login(client, phone, ask_for_code(client, phone), used_referral_code=inviter.referral_code)

    assert answer.json()["code"] == "referral_code_not_found"


def test_signing_in_tells_who_came_with_me(client: APIClient) -> None:
    anna = person()
    friend = invited_by(anna)

    assert sign_up(client, str(anna.phone_number))["profile"]["referrals"] == [str(friend.phone_number)]


class TestTheLink:
    def ask(self, client: APIClient, phone: str) -> tuple[str, str]:
        answer = client.post("/api/registration/", {"phone_number": phone}).json()
        return answer["verify_url"].removeprefix("http://testserver"), answer["confirmation_code"]

    def test_signs_in_with_the_code_alone(self, client: APIClient) -> None:
        inviter, phone = person(), phone_number()
        link, code = self.ask(client, phone)

        answer = client.post(link, {"confirmation_code": code, "used_referral_code": inviter.referral_code})

        assert answer.status_code == 200
        assert answer.json()["profile"]["phone_number"] == phone
        assert answer.json()["profile"]["used_referral_code"] == inviter.referral_code

    def test_counts_wrong_tries_like_the_login(self, client: APIClient) -> None:
        phone = phone_number()
        link, code = self.ask(client, phone)

        for _ in range(5):
            client.post(link, {"confirmation_code": wrong(code)})

        assert login(client, phone, code).json()["code"] == "confirmation_code_exhausted"

    def test_dies_with_its_code(self, client: APIClient) -> None:
        phone = phone_number()
        old_link, old_code = self.ask(client, phone)
        ConfirmationCode.objects.update(resend_at=timezone.now())
        self.ask(client, phone)

        answer = client.post(old_link, {"confirmation_code": old_code})

        assert answer.status_code == 404
        assert answer.json()["code"] == "verification_link_invalid"
