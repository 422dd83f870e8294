"""The `demo` command."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from users.models import Referral, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def development(settings: Settings) -> None:
    settings.DEBUG = True


def test_creates_users_with_referrals(development: None) -> None:
    call_command("demo", people=60)

    assert User.objects.filter(is_staff=False).count() == 60
    assert Referral.objects.count() > 20
    assert User.objects.filter(referrals_count__gt=2).exists()
    for inviter in User.objects.filter(referrals_count__gt=0):
        assert inviter.referrals.count() == inviter.referrals_count


def test_can_run_twice(development: None) -> None:
    call_command("demo", people=20)
    before = set(User.objects.values_list("phone_number", "referral_code"))

    call_command("demo", people=20)

    assert set(User.objects.values_list("phone_number", "referral_code")) == before


def test_prints_the_admin_credentials(development: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo", people=1)

    assert "Admin panel: +79990000000, password demo-password." in capsys.readouterr().out
    typed = {"username": "8 999 000-00-00", "password": "demo-password"}
    assert Client().post("/admin/login/?next=/admin/", typed).headers["Location"] == "/admin/"


def test_prints_the_number_of_a_user_with_referrals(development: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo", people=30)

    best = User.objects.order_by("-referrals_count")[0]
    result = f"sign in as {best.phone_number}, with whom {best.referrals_count} people came."
    assert best.referrals_count > 3
    assert result in capsys.readouterr().out


def test_refuses_to_run_outside_of_development() -> None:
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo", people=1)

    assert User.objects.count() == 0


@pytest.mark.parametrize("people", [0, -1, 100_001])
def test_rejects_a_number_of_users_out_of_range(development: None, people: int) -> None:
    with pytest.raises(CommandError, match="1 to 100,000"):
        call_command("demo", people=people)
