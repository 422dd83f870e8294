"""Expired rows are deleted by the command and by the scheduled task."""

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

from referral_project.celery import app as celery_app
from tests.support.concurrency import run_concurrently
from tests.support.factories import (
    api_client,
    create_superuser,
    create_user,
    phone_number,
    request_code,
    sign_up,
    wrong_code,
)
from tests.support.panel import panel_client
from tests.support.scheduler import run_scheduled
from users.models import ConfirmationCode, Delivery, JWTFamily, LimitCounter, SignInAttempt
from users.upkeep import purging

pytestmark = pytest.mark.django_db


def by_hand() -> None:
    call_command("purge")


def by_the_scheduler() -> None:
    run_scheduled("purge")


@pytest.fixture(params=[by_hand, by_the_scheduler])
def purge(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Purge by the command and by the scheduled task."""
    return request.param


@pytest.fixture
def in_days(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that moves the clock forward by days."""
    now = timezone.now

    def pass_by(days: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(days=days))

    return pass_by


def test_expired_codes_are_deleted(purge, in_days, client: APIClient) -> None:
    request_code(client, phone_number())
    purge()
    assert ConfirmationCode.objects.count() == 1

    in_days(1)
    purge()

    assert ConfirmationCode.objects.count() == 0


def test_expired_code_is_kept_during_the_resend_cooldown(purge, in_days, client: APIClient, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_RESEND_SECONDS = 2 * 24 * 3600
    phone = phone_number()
    request_code(client, phone)

    in_days(1)
    purge()

    assert client.post("/api/registration/", {"phone_number": phone}).status_code == 429


def test_messages_are_deleted_after_the_retention_period(purge, in_days, client: APIClient, settings: Settings) -> None:
    settings.PERSONAL_DATA_MESSAGES_DAYS = 10
    request_code(client, phone_number())
    in_days(9.9)
    purge()
    assert Delivery.objects.count() == 1

    in_days(10.1)
    purge()

    assert Delivery.objects.count() == 0


def test_undelivered_text_is_cleared_when_its_code_expires(purge, in_days, client: APIClient) -> None:
    request_code(client, phone_number())
    Delivery.objects.update(state="waiting", sealed_text="sealed")
    purge()
    assert Delivery.objects.get().sealed_text == "sealed"

    in_days(1)
    purge()

    assert Delivery.objects.get().sealed_text == ""


def test_expired_tokens_are_deleted(purge, in_days) -> None:
    me = api_client(create_user())
    in_days(29.9)
    purge()
    assert me.get("/api/profile/").status_code == 200

    in_days(30.1)
    purge()

    assert AuthToken.objects.count() == 0


def test_jwt_session_is_deleted_after_it_expires(purge, in_days, client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone)
    pair = client.post("/api/jwt/", {"phone_number": phone, "confirmation_code": code}).json()
    voided = {"refresh": pair["refresh"]}
    assert client.post("/api/jwt/logout/", voided).status_code == 204
    in_days(29.9)
    purge()
    assert client.post("/api/jwt/refresh/", voided).status_code == 401
    assert JWTFamily.objects.count() == 1

    in_days(30.1)
    purge()

    assert JWTFamily.objects.count() == 0


def test_expired_browser_sessions_are_deleted(purge, in_days) -> None:
    admin_client = panel_client(create_superuser())
    purge()
    assert admin_client.get("/admin/").status_code == 200

    in_days(400)
    purge()

    assert Session.objects.count() == 0


def test_failed_passwords_are_deleted_after_the_cooloff(purge, in_days) -> None:
    Client().post("/admin/login/", {"username": phone_number(), "password": "guess"})
    purge()
    assert AccessAttempt.objects.count() == 1

    in_days(1)
    purge()

    assert AccessAttempt.objects.count() == 0


def test_sign_in_attempts_are_deleted_when_no_limit_uses_them(
    purge, in_days, client: APIClient, settings: Settings
) -> None:
    settings.KNOWN_ADDRESS_DAYS = 90
    sign_up(client, phone_number())
    phone = phone_number()
    body = {"phone_number": phone, "confirmation_code": wrong_code(request_code(client, phone))}
    assert client.post("/api/login/", body).status_code == 400
    kept = []

    for days in (29.9, 30.1, 89.9, 90.1):
        in_days(days)
        purge()
        kept.append(list(SignInAttempt.objects.order_by("succeeded").values_list("succeeded", flat=True)))

    assert kept == [[False, True], [True], [True], []]


def test_limit_usage_is_deleted_after_its_window(purge, in_days, client: APIClient) -> None:
    request_code(client, phone_number())
    purge()
    assert LimitCounter.objects.exists()

    in_days(400)
    purge()

    assert not LimitCounter.objects.exists()


def test_reports_the_number_of_deleted_rows_across_batches(
    in_days, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(purging, "ROWS_AT_ONCE", 3)
    other = create_user()
    for _ in range(7):
        AuthToken.objects.create(other)
    in_days(31)

    call_command("purge")

    assert "tokens: 7\n" in capsys.readouterr().out
    assert AuthToken.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_concurrent_purges_and_sign_ins_do_not_conflict(
    in_days, monkeypatch: pytest.MonkeyPatch, client: APIClient
) -> None:
    monkeypatch.setattr(purging, "ROWS_AT_ONCE", 3)
    phones = [phone_number() for _ in range(20)]
    for phone in phones:
        request_code(client, phone)
    in_days(1)

    run_concurrently(*[by_hand] * 4, *[lambda phone=phone: sign_up(APIClient(), phone) for phone in phones[::4]])
    by_hand()

    assert not ConfirmationCode.objects.filter(expires_at__lt=timezone.now()).exists()
    assert ConfirmationCode.objects.filter(used_at__isnull=False).count() == 5


def test_purge_is_scheduled_hourly() -> None:
    schedule = celery_app.conf.beat_schedule["purge"]["schedule"]

    assert schedule == crontab(minute="17")
