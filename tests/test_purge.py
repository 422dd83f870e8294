"""What has expired is deleted, and nothing else; by hand and by the scheduler alike."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from celery.schedules import crontab
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from referral_project.celery import app as celery_app
from tests.support.concurrency import at_once
from tests.support.factories import ask_for_code, person, phone_number, sign_up, signed_in, superuser, wrong
from tests.support.panel import browser_of
from tests.support.scheduler import run_scheduled
from users.models import ConfirmationCode, Delivery, LimitCounter, SignInAttempt
from users.upkeep import purging

pytestmark = pytest.mark.django_db


def by_hand() -> None:
    call_command("purge")


def by_the_scheduler() -> None:
    run_scheduled("purge")


@pytest.fixture(params=[by_hand, by_the_scheduler])
def purge(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Two ways to the same end."""
    return request.param


@pytest.fixture
def in_days(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let days go by."""
    now = timezone.now

    def pass_by(days: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(days=days))

    return pass_by


def test_codes_go_when_they_expire(purge, in_days, client: APIClient) -> None:
    ask_for_code(client, phone_number())
    purge()
    assert ConfirmationCode.objects.count() == 1

    in_days(1)
    purge()

    assert ConfirmationCode.objects.count() == 0


def test_a_code_that_has_expired_stays_while_its_number_may_not_ask_again(
    purge, in_days, client: APIClient, settings: Settings
) -> None:
    settings.CONFIRMATION_CODE_RESEND_SECONDS = 2 * 24 * 3600
    phone = phone_number()
    ask_for_code(client, phone)

    in_days(1)
    purge()

    assert client.post("/api/registration/", {"phone_number": phone}).status_code == 429


def test_messages_are_known_for_so_many_days(purge, in_days, client: APIClient, settings: Settings) -> None:
    settings.PERSONAL_DATA_MESSAGES_DAYS = 10
    ask_for_code(client, phone_number())
    in_days(9.9)
    purge()
    assert Delivery.objects.count() == 1

    in_days(10.1)
    purge()

    assert Delivery.objects.count() == 0


def test_a_text_that_nobody_came_for_is_emptied_when_its_code_has_expired(purge, in_days, client: APIClient) -> None:
    ask_for_code(client, phone_number())
    Delivery.objects.update(state="waiting", sealed_text="sealed")
    purge()
    assert Delivery.objects.get().sealed_text == "sealed"

    in_days(1)
    purge()

    assert Delivery.objects.get().sealed_text == ""


def test_tokens_go_when_they_expire(purge, in_days) -> None:
    me = signed_in(person())
    in_days(29.9)
    purge()
    assert me.get("/api/profile/").status_code == 200

    in_days(30.1)
    purge()

    assert AuthToken.objects.count() == 0


def test_a_voided_jwt_is_forgotten_only_when_it_would_be_refused_anyway(purge, in_days, client: APIClient) -> None:
    phone = phone_number()
    code = ask_for_code(client, phone)
    pair = client.post("/api/jwt/", {"phone_number": phone, "confirmation_code": code}).json()
    voided = {"refresh": pair["refresh"]}
    assert client.post("/api/jwt/logout/", voided).status_code == 204
    in_days(29.9)
    purge()
    assert client.post("/api/jwt/refresh/", voided).status_code == 401
    assert BlacklistedToken.objects.count() == 1

    in_days(30.1)
    purge()

    assert OutstandingToken.objects.count() == BlacklistedToken.objects.count() == 0


def test_sessions_of_browsers_go_when_they_expire(purge, in_days) -> None:
    boss = browser_of(superuser())
    purge()
    assert boss.get("/admin/").status_code == 200

    in_days(400)
    purge()

    assert Session.objects.count() == 0


def test_wrong_passwords_are_remembered_while_they_count(purge, in_days) -> None:
    Client().post("/admin/login/", {"username": phone_number(), "password": "guess"})
    purge()
    assert AccessAttempt.objects.count() == 1

    in_days(1)
    purge()

    assert AccessAttempt.objects.count() == 0


def test_attempts_to_sign_in_are_forgotten_when_they_decide_nothing_any_more(
    purge, in_days, client: APIClient, settings: Settings
) -> None:
    settings.KNOWN_ADDRESS_DAYS = 90
    sign_up(client, phone_number())
    phone = phone_number()
    body = {"phone_number": phone, "confirmation_code": wrong(ask_for_code(client, phone))}
    assert client.post("/api/login/", body).status_code == 400
    kept = []

    for days in (29.9, 30.1, 89.9, 90.1):
        in_days(days)
        purge()
        kept.append(list(SignInAttempt.objects.order_by("succeeded").values_list("succeeded", flat=True)))

    assert kept == [[False, True], [True], [True], []]


def test_what_is_used_up_of_limits_is_known_until_it_is_given_back(purge, in_days, client: APIClient) -> None:
    ask_for_code(client, phone_number())
    purge()
    assert LimitCounter.objects.exists()

    in_days(400)
    purge()

    assert not LimitCounter.objects.exists()


def test_tells_how_much_went_in_however_many_batches(
    in_days, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(purging, "ROWS_AT_ONCE", 3)
    somebody = person()
    for _ in range(7):
        AuthToken.objects.create(somebody)
    in_days(31)

    call_command("purge")

    assert "tokens: 7\n" in capsys.readouterr().out
    assert AuthToken.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_several_purges_and_sign_ins_at_once_do_one_another_no_harm(
    in_days, monkeypatch: pytest.MonkeyPatch, client: APIClient
) -> None:
    monkeypatch.setattr(purging, "ROWS_AT_ONCE", 3)
    phones = [phone_number() for _ in range(20)]
    for phone in phones:
        ask_for_code(client, phone)
    in_days(1)

    at_once(*[by_hand] * 4, *[lambda phone=phone: sign_up(APIClient(), phone) for phone in phones[::4]])
    by_hand()

    assert not ConfirmationCode.objects.filter(expires_at__lt=timezone.now()).exists()
    assert ConfirmationCode.objects.filter(used_at__isnull=False).count() == 5


def test_is_due_every_hour() -> None:
    schedule = celery_app.conf.beat_schedule["purge"]["schedule"]

    assert schedule == crontab(minute="17")
