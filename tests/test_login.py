"""Sign-in with a confirmation code."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import post_login
from tests.support.factories import (
    api_client,
    authorized_client,
    create_user,
    create_users,
    phone_number,
    request_code,
    sign_up,
    wrong_code,
)
from users import referral_codes
from users.models import ConfirmationCode, Referral, User

pytestmark = pytest.mark.django_db


def test_first_sign_in_creates_the_user_with_an_invite_code(client: APIClient) -> None:
    phone = phone_number()

    signed_up = sign_up(client, phone)

    assert signed_up["is_new_user"] is True
    assert signed_up["profile"]["phone_number"] == phone
    code = signed_up["profile"]["referral_code"]
    assert len(code) == 6
    assert set(code) <= set(referral_codes.ALPHABET)
    assert signed_up["profile"]["used_referral_code"] is None
    assert signed_up["profile"]["referrals"] == []


def test_invite_code_does_not_change(client: APIClient) -> None:
    phone = phone_number()
    first = sign_up(client, phone)

    second = sign_up(client, phone)

    assert second["is_new_user"] is False
    assert second["profile"]["referral_code"] == first["profile"]["referral_code"]


def test_token_authenticates(client: APIClient) -> None:
    signed_up = sign_up(client, phone_number())

    answer = authorized_client(f"Token {signed_up['token']}").get("/api/profile/")

    assert answer.status_code == 200
    assert answer.json() == signed_up["profile"]


def test_used_code_is_refused(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone)
    assert post_login(phone, code).status_code == 200

    again = post_login(phone, code)

    assert again.status_code == 400
    assert again.json()["code"] == "confirmation_code_expired"


def test_replaced_code_is_refused(client: APIClient) -> None:
    phone = phone_number()
    old = request_code(client, phone)
    new = old
    while new == old:
        ConfirmationCode.objects.update(resend_at=timezone.now())
        new = request_code(client, phone)

    assert post_login(phone, old).json()["code"] == "confirmation_code_wrong"
    assert post_login(phone, new).status_code == 200


def test_expired_code_is_refused(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone)
    ConfirmationCode.objects.update(expires_at=timezone.now() - timedelta(microseconds=1))

    answer = post_login(phone, code)

    assert answer.status_code == 400
    assert answer.json()["code"] == "confirmation_code_expired"
    assert User.objects.count() == 0


def test_number_without_a_code_is_refused() -> None:
    answer = post_login(phone_number(), "1234")

    assert answer.status_code == 400
    assert answer.json()["code"] == "confirmation_code_expired"


def test_wrong_code_returns_the_tries_left(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone)

    answer = post_login(phone, wrong_code(code))

    assert answer.status_code == 400
    assert answer.json()["code"] == "confirmation_code_wrong"
    assert answer.json()["tries_left"] == 4
    assert answer.json()["errors"]["confirmation_code"][0]["detail"] == "Wrong code. Tries left: 4."
    assert post_login(phone, code).status_code == 200


def test_code_is_exhausted_after_5_wrong_tries(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone)

    codes = [post_login(phone, wrong_code(code)).json()["code"] for _ in range(5)]

    assert codes == ["confirmation_code_wrong"] * 4 + ["confirmation_code_exhausted"]
    assert post_login(phone, code).json()["code"] == "confirmation_code_exhausted"


def test_new_code_has_new_tries(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone)
    for _ in range(5):
        post_login(phone, wrong_code(code))
    ConfirmationCode.objects.update(resend_at=timezone.now())

    assert post_login(phone, request_code(client, phone)).status_code == 200


def test_equal_codes_of_two_numbers_sign_in_separately(client: APIClient, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_LENGTH = 1
    phones_by_code: dict[str, str] = {}
    while True:
        phone = phone_number()
        code = request_code(client, phone)
        if code in phones_by_code:
            break
        phones_by_code[code] = phone

    for each in (phone, phones_by_code[code]):
        assert post_login(each, code).json()["profile"]["phone_number"] == each


def test_code_is_bound_to_its_number(client: APIClient) -> None:
    mine, other = phone_number(), phone_number()
    code = request_code(client, mine)

    assert post_login(other, code).status_code == 400
    request_code(client, other)
    ConfirmationCode.objects.filter(phone_number=other).update(
        digest=ConfirmationCode.objects.get(phone_number=mine).digest
    )

    assert post_login(other, code).json()["code"] == "confirmation_code_wrong"


@pytest.mark.usefixtures("unlimited")
def test_codes_keep_their_leading_zeros(client: APIClient, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_LENGTH = 2
    code, phone = "", ""
    while not code.startswith("0"):
        phone = phone_number()
        code = request_code(client, phone)

    assert post_login(phone, code).status_code == 200


@pytest.mark.parametrize("code", ["", "123", "12345", "12a4", "12+34", "1²34", "-123", None, ["1234"], {"a": 1}])
def test_malformed_code_costs_no_try(client: APIClient, code: object) -> None:
    phone = phone_number()
    request_code(client, phone)

    answer = client.post("/api/login/", {"phone_number": phone, "confirmation_code": code})

    assert answer.status_code == 400
    assert "confirmation_code" in answer.json()["errors"]
    assert ConfirmationCode.objects.get().wrong_tries == 0


def test_disabled_user_cannot_sign_in(client: APIClient) -> None:
    banned = create_user(is_active=False)
    phone = str(banned.phone_number)

    answer = post_login(phone, request_code(client, phone))

    assert answer.status_code == 403
    assert answer.json()["code"] == "account_disabled"
    banned.refresh_from_db()
    assert banned.is_active is False
    assert banned.last_login is None


def test_share_code_is_activated_at_sign_up(client: APIClient) -> None:
    inviter = create_user()

    signed_up = sign_up(client, phone_number(), used_referral_code=inviter.referral_code.lower())

    assert signed_up["profile"]["used_referral_code"] == inviter.referral_code
    mine = api_client(inviter).get("/api/profile/").json()
    assert mine["referrals"] == [signed_up["profile"]["phone_number"]]
    assert mine["referrals_count"] == 1


def test_unknown_share_code_creates_no_user_and_keeps_the_code(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone)

    answer = post_login(phone, code, used_referral_code="222222")

    assert answer.status_code == 400
    assert answer.json()["code"] == "referral_code_not_found"
    assert "used_referral_code" in answer.json()["errors"]
    assert User.objects.count() == 0
    assert post_login(phone, code).status_code == 200


def test_share_code_is_ignored_for_a_registered_user(client: APIClient) -> None:
    inviter, registered = create_users(2)

    again = sign_up(client, str(registered.phone_number), used_referral_code=inviter.referral_code)

    assert again["profile"]["used_referral_code"] is None
    assert Referral.objects.count() == 0


def test_share_code_of_a_disabled_user_is_not_found(client: APIClient) -> None:
    inviter = create_user(is_active=False)
    phone = phone_number()

    answer = post_login(phone, request_code(client, phone), used_referral_code=inviter.referral_code)

    assert answer.json()["code"] == "referral_code_not_found"


def test_sign_in_returns_referrals(client: APIClient) -> None:
    anna = create_user()
    friend = create_user(invited_by=anna)

    assert sign_up(client, str(anna.phone_number))["profile"]["referrals"] == [str(friend.phone_number)]


class TestVerificationLink:
    def request_link(self, client: APIClient, phone: str) -> tuple[str, str]:
        answer = client.post("/api/registration/", {"phone_number": phone}).json()
        return answer["verify_url"].removeprefix("http://127.0.0.1:8000"), answer["confirmation_code"]

    def test_signs_in_with_the_code_only(self, client: APIClient) -> None:
        inviter, phone = create_user(), phone_number()
        link, code = self.request_link(client, phone)

        answer = client.post(link, {"confirmation_code": code, "used_referral_code": inviter.referral_code})

        assert answer.status_code == 200
        assert answer.json()["profile"]["phone_number"] == phone
        assert answer.json()["profile"]["used_referral_code"] == inviter.referral_code

    def test_wrong_tries_count_as_in_login(self, client: APIClient) -> None:
        phone = phone_number()
        link, code = self.request_link(client, phone)

        for _ in range(5):
            client.post(link, {"confirmation_code": wrong_code(code)})

        assert post_login(phone, code).json()["code"] == "confirmation_code_exhausted"

    def test_link_of_a_replaced_code_is_not_found(self, client: APIClient) -> None:
        phone = phone_number()
        old_link, old_code = self.request_link(client, phone)
        ConfirmationCode.objects.update(resend_at=timezone.now())
        self.request_link(client, phone)

        answer = client.post(old_link, {"confirmation_code": old_code})

        assert answer.status_code == 404
        assert answer.json()["code"] == "verification_link_invalid"
