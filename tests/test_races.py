"""What happens at the same moment, with real threads on a real database."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.concurrency import at_once
from tests.support.factories import ask_for_code, person, phone_number, signed_in, wrong
from tests.support.fake_gateways import Gateway
from users.models import ConfirmationCode, Delivery, Referral, User
from users.sms import outbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unlimited")]

MANY = 50


def post(path: str, body: dict[str, str]) -> Any:
    return APIClient().post(path, body)


def enter(client: APIClient, code: str) -> Any:
    return client.patch("/api/profile/", {"used_referral_code": code})


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_one_right_code_redeemed_many_times_at_once_gives_one_token() -> None:
    phone = phone_number()
    body = {"phone_number": phone, "confirmation_code": ask_for_code(APIClient(), phone)}

    answers = at_once(*[partial(post, "/api/login/", body)] * MANY)

    assert statuses(answers) == {200: 1, 400: MANY - 1}
    assert {answer.json().get("code") for answer in answers} == {None, "confirmation_code_expired"}
    assert User.objects.get().auth_token_set.count() == 1


def test_of_many_wrong_tries_at_once_five_are_compared() -> None:
    phone = phone_number()
    code = ask_for_code(APIClient(), phone)
    body = {"phone_number": phone, "confirmation_code": wrong(code)}

    answers = at_once(*[partial(post, "/api/login/", body)] * MANY)

    assert statuses(answers) == {400: MANY}
    told = sorted(answer.json()["tries_left"] for answer in answers if "tries_left" in answer.json())
    assert told == [1, 2, 3, 4]
    assert ConfirmationCode.objects.get().wrong_tries == 5
    assert post("/api/login/", {**body, "confirmation_code": code}).json()["code"] == "confirmation_code_exhausted"


def test_of_many_requests_for_a_code_at_once_one_sends() -> None:
    body = {"phone_number": phone_number()}

    for _ in ("a number nobody has asked for", "and one whose cooldown is over"):
        answers = at_once(*[partial(post, "/api/registration/", body)] * 20)
        assert statuses(answers) == {202: 1, 429: 19}
        sent = next(answer.json() for answer in answers if answer.status_code == 202)
        login = {**body, "confirmation_code": sent["confirmation_code"]}
        assert post("/api/login/", login).status_code == 200


def test_a_first_sign_in_beside_staff_saving_the_same_person_gives_one_person() -> None:
    office = APIClient()
    office.force_authenticate(User.objects.create_superuser(phone_number()))
    for _ in range(20):
        phone = phone_number()
        body = {"phone_number": phone, "confirmation_code": ask_for_code(APIClient(), phone)}

        login, saved = at_once(
            partial(post, "/api/login/", body), partial(office.post, "/api/users/", {"phone_number": phone})
        )

        assert login.status_code == 200
        assert saved.status_code in (201, 409)
        assert User.objects.filter(phone_number=phone).count() == 1


def test_many_different_codes_entered_at_once_by_one_person_activate_one() -> None:
    inviters = [person() for _ in range(MANY)]
    me = signed_in(person())

    answers = at_once(*[partial(enter, me, inviter.referral_code) for inviter in inviters])

    assert statuses(answers) == {200: 1, 409: MANY - 1}
    activated = Referral.objects.get()
    assert list(User.objects.filter(referrals_count__gt=0)) == [activated.inviter]


def test_one_code_entered_at_once_by_many_people_counts_each() -> None:
    anna = person()
    newcomers = [signed_in(person()) for _ in range(MANY)]

    answers = at_once(*[partial(enter, newcomer, anna.referral_code) for newcomer in newcomers])

    assert statuses(answers) == {200: MANY}
    anna.refresh_from_db()
    assert anna.referrals_count == Referral.objects.filter(inviter=anna).count() == MANY


def test_one_code_entered_at_once_many_times_by_one_person_counts_once() -> None:
    anna, me = person(), signed_in(person())

    answers = at_once(*[partial(enter, me, anna.referral_code)] * MANY)

    assert statuses(answers) == {200: MANY}
    anna.refresh_from_db()
    assert anna.referrals_count == 1


@pytest.mark.parametrize(("size", "rounds"), [(2, 200), (3, 60), (5, 40)])
def test_people_who_enter_each_others_codes_at_once_never_close_a_circle(size: int, rounds: int) -> None:
    for _ in range(rounds):
        ring = [person() for _ in range(size)]
        clients = [signed_in(member) for member in ring]

        answers = at_once(*[partial(enter, clients[nth], ring[(nth + 1) % size].referral_code) for nth in range(size)])

        assert statuses(answers) == {200: size - 1, 409: 1}
        assert [a.json()["code"] for a in answers if a.status_code == 409] == ["referral_circle"]


def test_heads_of_long_chains_that_join_each_others_ends_at_once_never_close_a_circle() -> None:
    for _ in range(30):
        heads, ends = [], []
        for _chain in range(3):
            head = end = person()
            for _link in range(3):
                end, above = person(), end
                Referral.objects.create(invited=end, inviter=above, referral_code=above.referral_code)
            heads.append(signed_in(head))
            ends.append(end.referral_code)

        answers = at_once(*[partial(enter, heads[nth], ends[(nth + 1) % 3]) for nth in range(3)])

        assert statuses(answers) == {200: 2, 409: 1}


def test_erasing_beside_signing_in_and_entering_codes_never_breaks() -> None:
    for _ in range(20):
        anna, boris = person(), person()
        me, joining = signed_in(anna), signed_in(boris)
        phone = str(anna.phone_number)
        body = {"phone_number": phone, "confirmation_code": ask_for_code(APIClient(), phone)}

        erased, login, entered = at_once(
            partial(me.delete, "/api/profile/"),
            partial(post, "/api/login/", body),
            partial(enter, joining, anna.referral_code),
        )

        assert erased.status_code == 204
        assert login.status_code in (200, 400, 403)
        assert entered.status_code in (200, 400)
        entered_code = joining.get("/api/profile/").json()["used_referral_code"]
        assert entered_code == (anna.referral_code if entered.status_code == 200 else None)


def test_erasing_oneself_beside_entering_a_code_never_breaks() -> None:
    for _ in range(40):
        anna, boris = person(), person()
        me = signed_in(boris)

        erased, entered = at_once(
            partial(me.delete, "/api/profile/"), partial(enter, signed_in(boris), anna.referral_code)
        )

        assert erased.status_code == 204
        assert entered.status_code in (200, 401, 403)
        anna.refresh_from_db()
        assert anna.referrals_count == Referral.objects.filter(inviter=anna).count()


def test_erasing_somebody_many_times_at_once_is_done_once() -> None:
    office, anna = APIClient(), person()
    office.force_authenticate(User.objects.create_superuser(phone_number()))

    answers = at_once(*[partial(office.delete, f"/api/users/{anna.pk}/")] * 10)

    assert set(statuses(answers)) <= {204, 404}
    assert not User.objects.filter(pk=anna.pk).exists()


def test_a_refresh_token_used_at_once_many_times_gives_one_pair() -> None:
    phone = phone_number()
    body = {"phone_number": phone, "confirmation_code": ask_for_code(APIClient(), phone)}
    refresh = post("/api/jwt/", body).json()["refresh"]

    answers = at_once(*[partial(post, "/api/jwt/refresh/", {"refresh": refresh})] * 20)

    assert statuses(answers) == {200: 1, 401: 19}


def test_one_message_in_many_hands_at_once_is_sent_once(settings: Settings) -> None:
    phone = phone_number()
    code = ask_for_code(APIClient(), phone)
    sent = outbox.open_for(ConfirmationCode.objects.get(), f"Your code is {code}.")

    def deliver() -> bool:
        """Do a worker's work; tell whether another one had it."""
        try:
            outbox.attempt(delivery_id=sent.pk, number=0)
        except outbox.Claimed:
            return True
        return False

    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        at_once(*[deliver] * MANY)

        assert gateway.accepted == [(phone, f"Your code is {code}.")]
    assert Delivery.objects.get(pk=sent.pk).state == Delivery.State.DELIVERED
