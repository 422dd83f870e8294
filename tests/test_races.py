"""Concurrent requests in real threads on a real database."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.api import activate_code
from tests.support.concurrency import run_concurrently
from tests.support.factories import (
    api_client,
    create_user,
    create_users,
    phone_number,
    request_code,
    service_client,
    wrong_code,
)
from tests.support.fake_gateways import Gateway
from users.models import AuditRecord, ConfirmationCode, Delivery, JWTFamily, Referral, User
from users.refusals import PhoneNumberTaken
from users.sms import outbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unlimited")]

MANY = 50


def post(path: str, body: dict[str, str]) -> Any:
    return APIClient().post(path, body)


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_right_code_redeemed_concurrently_gives_one_token() -> None:
    phone = phone_number()
    body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}

    answers = run_concurrently(*[partial(post, "/api/login/", body)] * MANY)

    assert statuses(answers) == {200: 1, 400: MANY - 1}
    assert {answer.json().get("code") for answer in answers} == {None, "confirmation_code_expired"}
    assert User.objects.get().auth_token_set.count() == 1


def test_form_of_a_page_sent_several_times_at_once_signs_in_each_time() -> None:
    browser = pages.anonymous_browser()
    code = pages.request_code(browser, phone_number())
    form = pages.forms_of(browser.get("/sign-in/code/").content.decode())[0]
    clicks = [pages.anonymous_browser() for _ in range(8)]
    for click in clicks:
        click.cookies = browser.cookies.copy()

    answers = run_concurrently(
        *(partial(click.post, "/sign-in/code/", {**form.filled_in, "confirmation_code": code}) for click in clicks)
    )

    assert [(answer.status_code, answer.headers.get("Location")) for answer in answers] == [(302, "/profile/")] * 8
    assert all(click.get("/profile/").status_code == 200 for click in clicks)
    assert User.objects.count() == 1


def test_only_5_of_concurrent_wrong_tries_are_compared() -> None:
    phone = phone_number()
    code = request_code(APIClient(), phone)
    body = {"phone_number": phone, "confirmation_code": wrong_code(code)}

    answers = run_concurrently(*[partial(post, "/api/login/", body)] * MANY)

    assert statuses(answers) == {400: MANY}
    result = sorted(answer.json()["tries_left"] for answer in answers if "tries_left" in answer.json())
    assert result == [1, 2, 3, 4]
    assert ConfirmationCode.objects.get().wrong_tries == 5
    assert post("/api/login/", {**body, "confirmation_code": code}).json()["code"] == "confirmation_code_exhausted"


def test_only_one_of_concurrent_code_requests_sends() -> None:
    body = {"phone_number": phone_number()}

    for _ in ("first code", "after the cooldown"):
        answers = run_concurrently(*[partial(post, "/api/registration/", body)] * 20)
        assert statuses(answers) == {202: 1, 429: 19}
        sent = next(answer.json() for answer in answers if answer.status_code == 202)
        login = {**body, "confirmation_code": sent["confirmation_code"]}
        assert post("/api/login/", login).status_code == 200


def test_first_sign_in_concurrent_with_staff_creating_the_user() -> None:
    service = service_client()
    for _ in range(20):
        phone = phone_number()
        body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}

        login, saved = run_concurrently(
            partial(post, "/api/login/", body), partial(service.post, "/api/users/", {"phone_number": phone})
        )

        assert login.status_code == 200
        assert saved.status_code in (201, 409)
        assert User.objects.filter(phone_number=phone).count() == 1


def test_different_codes_entered_concurrently_activate_one() -> None:
    inviters = create_users(MANY)
    me = api_client(create_user())

    answers = run_concurrently(*[partial(activate_code, me, inviter.referral_code) for inviter in inviters])

    assert statuses(answers) == {200: 1, 409: MANY - 1}
    activated = Referral.objects.get()
    assert list(User.objects.filter(referrals_count__gt=0)) == [activated.inviter]


def test_code_entered_concurrently_by_many_users_counts_each() -> None:
    anna = create_user()
    newcomers = [api_client(create_user()) for _ in range(MANY)]

    answers = run_concurrently(*[partial(activate_code, newcomer, anna.referral_code) for newcomer in newcomers])

    assert statuses(answers) == {200: MANY}
    anna.refresh_from_db()
    assert anna.referrals_count == Referral.objects.filter(inviter=anna).count() == MANY


def test_code_entered_concurrently_by_one_user_counts_once() -> None:
    anna, me = create_user(), api_client(create_user())

    answers = run_concurrently(*[partial(activate_code, me, anna.referral_code)] * MANY)

    assert statuses(answers) == {200: MANY}
    anna.refresh_from_db()
    assert anna.referrals_count == 1


@pytest.mark.parametrize(("size", "rounds"), [(2, 60), (3, 30), (5, 20)])
def test_concurrent_activations_in_a_ring_never_close_a_circle(size: int, rounds: int) -> None:
    for _ in range(rounds):
        ring = create_users(size)
        clients = [api_client(member) for member in ring]

        answers = run_concurrently(
            *[partial(activate_code, clients[nth], ring[(nth + 1) % size].referral_code) for nth in range(size)]
        )

        assert statuses(answers) == {200: size - 1, 409: 1}
        assert [a.json()["code"] for a in answers if a.status_code == 409] == ["referral_circle"]


def test_concurrent_activations_between_chains_never_close_a_circle() -> None:
    for _ in range(30):
        heads, ends = [], []
        for _chain in range(3):
            head = end = create_user()
            for _link in range(3):
                end, above = create_user(), end
                Referral.objects.create(invited=end, inviter=above, referral_code=above.referral_code)
            heads.append(api_client(head))
            ends.append(end.referral_code)

        answers = run_concurrently(*[partial(activate_code, heads[nth], ends[(nth + 1) % 3]) for nth in range(3)])

        assert statuses(answers) == {200: 2, 409: 1}


def test_erasure_concurrent_with_sign_in_and_activation() -> None:
    for _ in range(20):
        anna, boris = create_users(2)
        me, joining = api_client(anna), api_client(boris)
        phone = str(anna.phone_number)
        body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}

        erased, login, entered = run_concurrently(
            partial(me.delete, "/api/profile/"),
            partial(post, "/api/login/", body),
            partial(activate_code, joining, anna.referral_code),
        )

        assert erased.status_code == 204
        assert login.status_code in (200, 400, 403)
        assert entered.status_code in (200, 400)
        entered_code = joining.get("/api/profile/").json()["used_referral_code"]
        assert entered_code == (anna.referral_code if entered.status_code == 200 else None)


def test_own_erasure_concurrent_with_activation() -> None:
    for _ in range(40):
        anna, boris = create_users(2)
        me = api_client(boris)

        erased, entered = run_concurrently(
            partial(me.delete, "/api/profile/"), partial(activate_code, api_client(boris), anna.referral_code)
        )

        assert erased.status_code == 204
        assert entered.status_code in (200, 401, 403)
        anna.refresh_from_db()
        assert anna.referrals_count == Referral.objects.filter(inviter=anna).count()


def test_concurrent_erasures_of_one_user() -> None:
    service, anna = service_client(), create_user()

    answers = run_concurrently(*[partial(service.delete, f"/api/users/{anna.public_id}/")] * 10)

    assert set(statuses(answers)) <= {204, 404}
    assert not User.objects.filter(pk=anna.pk).exists()


def jwt_sign_in(phone: str) -> str:
    """Return the refresh token of a new JWT session."""
    body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
    return str(post("/api/jwt/", body).json()["refresh"])


@pytest.mark.parametrize("renewals", [0, 1])
def test_refresh_token_used_concurrently_gives_one_successor(renewals: int) -> None:
    refresh = jwt_sign_in(phone_number())
    for _ in range(renewals):
        refresh = post("/api/jwt/refresh/", {"refresh": refresh}).json()["refresh"]

    answers = run_concurrently(*[partial(post, "/api/jwt/refresh/", {"refresh": refresh})] * MANY)

    assert statuses(answers) == {200: MANY}
    assert len({answer.json()["refresh"] for answer in answers}) == 1
    assert JWTFamily.objects.count() == 1


def test_copied_refresh_token_used_concurrently_ends_the_family_once() -> None:
    copied = jwt_sign_in(phone_number())
    newest = post("/api/jwt/refresh/", {"refresh": copied}).json()["refresh"]
    JWTFamily.objects.update(renewed_at=timezone.now() - timedelta(minutes=1))

    answers = run_concurrently(
        *[partial(post, "/api/jwt/refresh/", {"refresh": token}) for token in [copied, newest] * (MANY // 2)]
    )

    assert set(statuses(answers)) <= {200, 401}
    for token in [copied, newest, *(answer.json()["refresh"] for answer in answers if answer.status_code == 200)]:
        assert post("/api/jwt/refresh/", {"refresh": token}).status_code == 401
    assert AuditRecord.objects.filter(action=AuditRecord.Action.TOKEN_REUSED).count() == 1


def test_erasure_concurrent_with_renewal_leaves_no_row() -> None:
    for _ in range(20):
        anna = create_user()
        refresh = jwt_sign_in(str(anna.phone_number))

        erased, *renewed = run_concurrently(
            partial(api_client(anna).delete, "/api/profile/"),
            *[partial(post, "/api/jwt/refresh/", {"refresh": refresh})] * 3,
        )

        assert erased.status_code == 204
        assert set(statuses(renewed)) <= {200, 401}
        assert JWTFamily.objects.count() == 0


@pytest.mark.parametrize("leave", ["erasure", "change by staff"])
def test_a_number_that_leaves_concurrently_with_activation_and_return_counts_once(leave: str) -> None:
    program = service_client()
    for _ in range(20):
        inviter, boris = create_users(2)
        phone, path = str(boris.phone_number), f"/api/users/{boris.public_id}/"
        mine = {"used_referral_code": inviter.referral_code}
        body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone), **mine}
        leaving = (
            partial(program.delete, path)
            if leave == "erasure"
            else partial(program.patch, path, {"phone_number": phone_number()})
        )

        left, entered, login = run_concurrently(
            leaving,
            partial(activate_code, api_client(boris), mine["used_referral_code"]),
            partial(post, "/api/login/", body),
        )
        code = request_code(APIClient(), phone)
        back = post("/api/login/", {**body, "confirmation_code": code})

        assert left.status_code in (200, 204)
        assert entered.status_code in (200, 401, 403)
        assert login.status_code in (200, 400, 403)
        assert back.status_code == 200
        inviter.refresh_from_db()
        assert inviter.referrals_count == Referral.objects.filter(inviter=inviter).count() <= 1


def test_a_number_that_comes_back_while_it_is_erased_is_recognized() -> None:
    for _ in range(20):
        boris = create_user()
        phone = str(boris.phone_number)

        erased, created = run_concurrently(
            partial(api_client(boris).delete, "/api/profile/"), partial(create_or_refuse, phone)
        )

        assert erased.status_code == 204
        newcomer = created or create_user(phone_number=phone)
        answer = activate_code(api_client(newcomer), create_user().referral_code)
        assert answer.json()["code"] == "number_was_here_before"


def create_or_refuse(phone: str) -> User | None:
    try:
        return create_user(phone_number=phone)
    except PhoneNumberTaken:
        return None


def test_message_attempted_concurrently_is_sent_once(settings: Settings) -> None:
    phone = phone_number()
    code = request_code(APIClient(), phone)
    sent = outbox.message_for(ConfirmationCode.objects.get(), f"Your code is {code}.")
    sent.save()

    def deliver() -> bool:
        """Attempt the message; return True if another attempt had claimed it."""
        try:
            outbox.attempt(delivery_id=sent.pk, number=0)
        except outbox.Claimed:
            return True
        return False

    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        run_concurrently(*[deliver] * MANY)

        assert gateway.accepted == [(phone, f"Your code is {code}.")]
    assert Delivery.objects.get(pk=sent.pk).state == Delivery.State.DELIVERED
