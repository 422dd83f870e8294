"""Numbers for reviewers of app stores: a fixed code, no message, and no statistics count them."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import activate_code, change_number, post_login, post_registration
from tests.support.factories import (
    api_client,
    create_user,
    phone_number,
    service_client,
    sign_up,
    wrong_code,
)
from tests.support.statistics import live_and_rolled_up, statistics
from users.models import Delivery, SignInAttempt, User
from users.people.erasure import erase
from users.upkeep.checks import check_sign_in_is_safe

TEST_NUMBER = "+79160000001"
HOUR = 3_600


@pytest.fixture
def test_number(settings: Settings) -> str:
    settings.TEST_PHONE_NUMBERS = {TEST_NUMBER: ("1234", date(2099, 1, 31))}
    return TEST_NUMBER


@pytest.mark.django_db
def test_a_test_number_signs_in_by_its_code_and_nothing_is_sent_or_counted(
    test_number: str, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.LIMIT_CODES = "0/day"
    settings.SMS_URL = "nonsense://{phone}"

    for _ in range(2):
        assert sign_up(APIClient(), test_number)["profile"]["phone_number"] == test_number

    assert not Delivery.objects.exists()
    assert not SignInAttempt.objects.exists()


def by_their_first_sign_in() -> Any:
    return post_login(TEST_NUMBER, post_registration(TEST_NUMBER).json()["confirmation_code"])


def by_a_program() -> Any:
    return service_client().post("/api/users/", {"phone_number": TEST_NUMBER})


def by_an_import() -> Any:
    return service_client().post("/api/users/import/", {"rows": [{"phone_number": TEST_NUMBER}]})


def figures(admin_client: Client) -> list[Any]:
    """Return what the API and the dashboard count."""
    told = statistics(service_client())
    shown = re.findall(
        r'<(?:dd|span|strong)(?: class="board-number")?>(.+?)<', admin_client.get("/admin/").content.decode()
    )
    return [told["all_time"], told["totals"], told["top_referrers"], shown]


@live_and_rolled_up
@pytest.mark.parametrize("come", [by_their_first_sign_in, by_a_program, by_an_import])
@pytest.mark.parametrize("leave", [lambda _: None, lambda user: erase(user=user)], ids=["stays", "is erased"])
@pytest.mark.usefixtures("test_number")
@pytest.mark.django_db
def test_nothing_that_a_test_number_does_is_counted(
    come: Callable[[], Any],
    leave: Callable[[User], None],
    prepare: Callable[[], None],
    admin_client: Client,
    clock: time_machine.Traveller,
) -> None:
    inviter = create_user()
    create_user(invited_by=inviter)
    # A roll-up counts every week since the first person came.
    User.objects.update(registered_at=timezone.now() - timedelta(days=30))
    before = figures(admin_client)

    assert come().status_code in (200, 201)
    user = User.objects.get(phone_number=TEST_NUMBER)
    me = api_client(user)
    assert activate_code(me, inviter.referral_code).status_code == 200
    code = me.post("/api/profile/confirm/").json()["confirmation_code"]
    assert me.post("/api/profile/confirm/", {"confirmation_code": code}).status_code == 200
    leave(user)
    clock.shift(3 * HOUR)
    prepare()

    assert len(before[-1]) > 10
    assert figures(admin_client) == before


@pytest.mark.django_db
def test_a_change_of_a_test_number_sends_nothing_to_it(test_number: str) -> None:
    me, new = create_user(phone_number=test_number), phone_number()

    assert change_number(api_client(me), new).status_code == 200
    assert [*Delivery.objects.values_list("phone_number", flat=True)] == [new]


@pytest.mark.django_db
def test_a_test_number_has_its_code_whatever_its_purpose(test_number: str, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_EXPOSED = False
    post_registration(test_number)

    assert post_login(test_number, "1234").status_code == 200


@pytest.mark.django_db
def test_wrong_codes_lock_a_test_number(test_number: str, clock: time_machine.Traveller) -> None:
    answers: list[Any] = []
    for _ in range(3):
        post_registration(test_number)
        answers += [post_login(test_number, wrong_code("1234")).json()["code"] for _ in range(5)]
        clock.shift(61)

    assert answers[-1] == "sign_in_locked"


@pytest.mark.django_db
def test_a_test_number_of_staff_gets_real_codes(test_number: str) -> None:
    User.objects.create_user(test_number, is_staff=True)

    code = post_registration(test_number).json()["confirmation_code"]

    assert Delivery.objects.filter(phone_number=test_number).count() == 1
    assert post_login(test_number, code).status_code == 200


@pytest.mark.django_db
def test_a_test_number_is_a_usual_one_after_its_last_day(
    test_number: str, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.TEST_PHONE_NUMBERS = {test_number: ("1234", date.today() - timedelta(days=2))}  # noqa: DTZ011

    post_registration(test_number)

    assert Delivery.objects.filter(phone_number=test_number).count() == 1


def test_the_check_before_a_deployment_warns_of_test_numbers(test_number: str, settings: Settings) -> None:
    settings.DEBUG = False

    assert "users.W010" in [each.id for each in check_sign_in_is_safe()]
