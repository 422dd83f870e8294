"""Demo people, to look at the service with."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from users.models import Referral, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def development(settings: Settings) -> None:
    settings.DEBUG = True


def test_adds_people_who_came_with_one_another(development: None) -> None:
    call_command("demo", people=60)

    assert User.objects.filter(is_staff=False).count() == 60
    assert Referral.objects.count() > 20
    assert User.objects.filter(referrals_count__gt=2).exists()
    for inviter in User.objects.filter(referrals_count__gt=0):
        assert inviter.referrals.count() == inviter.referrals_count


def test_can_be_repeated(development: None) -> None:
    call_command("demo", people=20)
    before = set(User.objects.values_list("phone_number", "referral_code"))

    call_command("demo", people=20)

    assert set(User.objects.values_list("phone_number", "referral_code")) == before


def test_tells_how_to_enter_the_admin_panel(development: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo", people=1)

    assert "Admin panel: +79990000000, password demo-password." in capsys.readouterr().out
    typed = {"username": "8 999 000-00-00", "password": "demo-password"}
    assert Client().post("/admin/login/?next=/admin/", typed).headers["Location"] == "/admin/"


def test_tells_whom_to_sign_in_as_to_see_a_full_profile(development: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo", people=30)

    best = User.objects.order_by("-referrals_count")[0]
    told = f"sign in as {best.phone_number}, with whom {best.referrals_count} people came."
    assert best.referrals_count > 3
    assert told in capsys.readouterr().out


def test_refuses_outside_of_development() -> None:
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo", people=1)

    assert User.objects.count() == 0


@pytest.mark.parametrize("people", [0, -1, 100_001])
def test_says_how_many_it_can_add(development: None, people: int) -> None:
    with pytest.raises(CommandError, match="1 to 100,000"):
        call_command("demo", people=people)
