"""A person changes their phone number themselves; staff can undo it for seven days."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import change_number
from tests.support.concurrency import run_concurrently
from tests.support.factories import (
    api_client,
    authorized_client,
    create_superuser,
    create_user,
    phone_number,
    request_code,
    service_client,
    sign_up,
    token_header,
    wrong_code,
)
from tests.support.fake_gateways import Gateway
from tests.support.panel import panel_client, user_page
from users.models import AuditRecord, NumberChange, User

pytestmark = pytest.mark.django_db

ASK, CONFIRM = "/api/profile/phone-number/", "/api/profile/phone-number/confirm/"
HOME = "198.51.100.7"


def ask(client: APIClient, phone: str, **options: Any) -> str:
    """Ask for the code of a change; return it (CONFIRMATION_CODE_EXPOSED)."""
    answer = client.post(ASK, {"phone_number": phone}, **options)
    assert answer.status_code == 202, answer.content
    return str(answer.json()["confirmation_code"])


def confirm(client: APIClient, code: str, **options: Any) -> Any:
    return client.post(CONFIRM, {"confirmation_code": code}, **options)


def test_the_account_keeps_everything_but_its_number() -> None:
    inviter = create_user()
    anna = create_user(invited_by=inviter, username="Anna")
    boris, me, new = create_user(invited_by=anna), api_client(anna), phone_number()

    answer = confirm(me, ask(me, new))

    assert answer.status_code == 200
    assert answer.json() == me.get("/api/profile/").json()
    assert answer.json()["phone_number"] == new
    assert answer.json()["id"] == str(anna.public_id)
    assert answer.json()["referral_code"] == anna.referral_code
    assert answer.json()["used_referral_code"] == inviter.referral_code
    assert answer.json()["referrals"] == [str(boris.phone_number)]
    assert sign_up(APIClient(), new)["is_new_user"] is False
    assert sign_up(APIClient(), str(anna.phone_number))["is_new_user"] is True


def test_the_former_number_gets_a_message(settings: Settings, django_capture_on_commit_callbacks: Any) -> None:
    anna, new = create_user(), phone_number()
    me = api_client(anna)
    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        code = ask(me, new)
        with django_capture_on_commit_callbacks(execute=True):
            assert confirm(me, code).status_code == 200

    (to_new, with_code), (to_old, notice) = gateway.accepted
    assert (to_new, to_old) == (new, str(anna.phone_number))
    assert code in with_code
    assert "phone number of your account was changed" in notice


def test_other_sessions_end_and_this_one_goes_on() -> None:
    anna = create_user()
    here, there = api_client(anna), api_client(anna)
    pair = jwt_pair(anna)

    change_number(here, phone_number())

    assert here.get("/api/profile/").status_code == 200
    assert there.get("/api/profile/").status_code == 401
    assert APIClient().post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 401


@pytest.mark.parametrize("renewals", [0, 1])
def test_a_jwt_session_goes_on_with_its_next_pair(renewals: int) -> None:
    anna = create_user()
    pair, other = jwt_pair(anna), jwt_pair(anna)
    for _ in range(renewals):
        pair = renew(pair).json()
    me = authorized_client(f"Bearer {pair['access']}")

    change_number(me, phone_number())

    assert me.get("/api/profile/").status_code == 401
    renewed = renew(pair)
    assert renewed.status_code == 200
    assert authorized_client(f"Bearer {renewed.json()['access']}").get("/api/profile/").status_code == 200
    assert renew(renewed.json()).status_code == 200
    assert renew(other).status_code == 401
    authorized_client(f"Bearer {renewed.json()['access']}").post("/api/logout/all/")
    assert renew(renewed.json()).status_code == 401


def jwt_pair(user: User) -> dict[str, str]:
    phone = str(user.phone_number)
    body = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
    return dict(APIClient().post("/api/jwt/", body).json())


def renew(pair: dict[str, str]) -> Any:
    return APIClient().post("/api/jwt/refresh/", {"refresh": pair["refresh"]})


def test_a_taken_number_is_told_after_the_right_code_only() -> None:
    anna, taken, free = create_user(), str(create_user().phone_number), phone_number()
    me = api_client(anna)
    answers = [me.post(ASK, {"phone_number": phone}) for phone in (free, taken)]
    code = answers[1].json()["confirmation_code"]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json().keys() == answers[1].json().keys()
    assert confirm(me, wrong_code(code)).json()["code"] == "confirmation_code_wrong"
    refused = confirm(me, code)
    assert (refused.status_code, refused.json()["code"]) == (409, "phone_number_taken")
    assert me.get("/api/profile/").json()["phone_number"] == str(anna.phone_number)


@pytest.mark.parametrize(
    ("typed", "code"), [("12", "invalid_input"), (None, "invalid_input"), ("own", "phone_number_unchanged")]
)
def test_a_useless_number_gets_a_clear_error(typed: str | None, code: str) -> None:
    anna = create_user()

    refused = api_client(anna).post(ASK, {"phone_number": str(anna.phone_number) if typed == "own" else typed})

    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert "phone_number" in refused.json()["errors"]


def test_strangers_can_neither_ask_nor_confirm(client: APIClient) -> None:
    assert client.post(ASK, {"phone_number": phone_number()}).status_code == 401
    assert client.post(CONFIRM, {"confirmation_code": "0000"}).status_code == 401


def test_a_code_counts_for_who_asked_for_it_only() -> None:
    me, other = api_client(create_user()), api_client(create_user())
    code = ask(me, phone_number())
    ask(other, phone_number())

    assert confirm(other, wrong_code(code)).json()["code"] == "confirmation_code_wrong"
    assert confirm(api_client(create_user()), code).json()["code"] == "confirmation_code_expired"
    assert confirm(me, code).status_code == 200
    assert confirm(me, code).json()["code"] == "confirmation_code_expired"


def by_a_program(user: User, _boss: Client) -> int:
    answer = service_client().post(f"/api/users/{user.public_id}/phone-number/undo/")
    return int(answer.status_code)


def in_the_panel(user: User, boss: Client) -> int:
    page = boss.get(user_page(user)).content.decode()
    if "Undo the change of number" not in page:
        return 409
    boss.post(user_page(user, "act"), {"act": "undo_number_change"})
    former = str(user.phone_number)
    user.refresh_from_db()
    return 409 if user.phone_number == former else 200


@pytest.mark.parametrize("undo", [by_a_program, in_the_panel])
def test_staff_undo_a_change_for_seven_days(undo: Callable[[User, Client], int], clock: time_machine.Traveller) -> None:
    anna, boss = create_user(), create_superuser()
    former, thief = str(anna.phone_number), api_client(anna)
    change_number(thief, phone_number())
    anna.refresh_from_db()

    clock.shift(timedelta(days=7, seconds=-1))
    assert undo(anna, panel_client(boss)) == 200

    anna.refresh_from_db()
    assert anna.phone_number == former
    told = service_client().get("/api/events/?type=person.phone_number_changed").json()["results"]
    assert [each["data"]["person"]["id"] for each in told] == [str(anna.public_id)] * 2
    assert thief.get("/api/profile/").status_code == 401
    assert AuditRecord.objects.filter(person=anna, action="changed").get().details["phone_number"][1] == former
    assert undo(anna, panel_client(boss)) == 409


def test_nothing_is_undone_later_or_without_a_change(clock: time_machine.Traveller) -> None:
    anna, boss = create_user(), create_superuser()
    assert by_a_program(anna, Client()) == 409
    change_number(api_client(anna), phone_number())
    clock.shift(timedelta(days=7))
    anna.refresh_from_db()

    refused = service_client().post(f"/api/users/{anna.public_id}/phone-number/undo/")

    assert (refused.status_code, refused.json()["code"]) == (409, "number_change_not_undoable")
    assert "7 days" in refused.json()["detail"]
    assert in_the_panel(anna, panel_client(boss)) == 409


def test_a_number_that_somebody_else_has_by_now_is_not_given_back() -> None:
    anna, boss = create_user(), create_superuser()
    former = str(anna.phone_number)
    change_number(api_client(anna), phone_number())
    sign_up(APIClient(), former)
    anna.refresh_from_db()

    refused = service_client().post(f"/api/users/{anna.public_id}/phone-number/undo/")

    assert (refused.status_code, refused.json()["code"]) == (409, "phone_number_taken")
    assert in_the_panel(anna, panel_client(boss)) == 409


def test_the_former_number_is_exported_erased_and_purged(clock: time_machine.Traveller) -> None:
    anna, boris = create_user(), create_user()
    former, me = str(anna.phone_number), api_client(anna)
    change_number(me, phone_number())
    change_number(api_client(boris), phone_number())

    assert [each["former_number"] for each in export(me)["number_changes"]] == [former]
    assert me.delete("/api/profile/").status_code == 204
    assert [each.account for each in NumberChange.objects.all()] == [boris]
    clock.shift(timedelta(days=7, seconds=1))
    call_command("purge")
    assert not NumberChange.objects.exists()


def export(client: APIClient) -> dict[str, Any]:
    return dict(json.loads(client.get("/api/profile/export/").getvalue()))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("unlimited")
def test_two_people_race_for_one_number_and_one_wins() -> None:
    """50 requests at once: one person got the code at an address known to the number, the other one elsewhere."""
    contested = phone_number()
    sign_up(APIClient(REMOTE_ADDR=HOME), contested)
    service = service_client()
    service.patch(f"/api/users/{User.objects.get().public_id}/", {"phone_number": phone_number()})
    people, addresses = [create_user(), create_user()], [HOME, "127.0.0.1"]
    tokens = [token_header(user) for user in people]
    codes = [
        ask(authorized_client(token), contested, REMOTE_ADDR=ip) for token, ip in zip(tokens, addresses, strict=True)
    ]

    def attempt(nth: int) -> tuple[int, int, str]:
        answer = confirm(authorized_client(tokens[nth]), codes[nth], REMOTE_ADDR=addresses[nth])
        return nth, answer.status_code, answer.json().get("code", "")

    answers = run_concurrently(*[partial(attempt, nth % 2) for nth in range(50)])

    winners = [nth for nth, status, _ in answers if status == 200]
    assert len(winners) == 1
    assert {answer for answer in answers if answer[0] != winners[0]} == {(1 - winners[0], 409, "phone_number_taken")}
    assert User.objects.get(phone_number=contested) == people[winners[0]]


def test_a_number_that_is_taken_meanwhile_is_refused() -> None:
    phone, me = phone_number(), api_client(create_user())
    code = ask(me, phone)
    User.objects.create_user(phone)

    assert confirm(me, code).json()["code"] == "phone_number_taken"
