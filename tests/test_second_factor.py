"""Where it is asked for, staff need a code of their app, or of their paper, besides the password."""

import re
from base64 import b32decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from tests.support import factories
from tests.support.panel import PEOPLE
from users.models import AuditRecord, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
BOSS = "+79990000000"
PAGE = "/admin/second-factor/"
DEVICES = "/admin/users/secondfactor/"


@pytest.fixture(autouse=True)
def asked_for(settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(timezone.now(), tick=False) as stopped:
        yield stopped


@pytest.fixture
def someone() -> User:
    return factories.superuser(phone_number=BOSS, password=PASSWORD)


def with_password(number: str = BOSS, **environment: Any) -> Client:
    """A browser in which the password has been typed."""
    client = Client(**environment)
    client.post("/admin/login/", {"username": number, "password": PASSWORD})
    return client


def codes_of(secret: str) -> Callable[[], str]:
    """An app that knows the key: it shows the code of the moment."""

    def show() -> str:
        totp = TOTP(b32decode(secret))
        totp.time = timezone.now().timestamp()
        return f"{totp.token():06}"

    return show


def set_up(client: Client) -> tuple[Callable[[], str], list[str]]:
    """Scan the key and enter the first code; return the app and the recovery codes."""
    html = client.get(PAGE).content.decode()
    found = re.search(r'id="secret">([A-Z2-7]+)<', html)
    assert found
    app = codes_of(found.group(1))
    shown = client.post(PAGE, {"code": app()}).content.decode()
    return app, re.findall(r"<li>(\w+)</li>", shown)


def sees_people(client: Client) -> bool:
    return client.get(PEOPLE).status_code == 200


def test_before_it_is_set_up_staff_see_nothing_else(someone: User) -> None:
    client = with_password()

    assert not sees_people(client)
    answer = client.get(PEOPLE, follow=True)
    assert answer.redirect_chain[-1][0].startswith(PAGE)
    assert "data:image/svg+xml" in answer.content.decode()


def test_setting_it_up_lets_in_and_shows_the_recovery_codes_once(someone: User) -> None:
    client = with_password()

    _, recovery_codes = set_up(client)

    assert sees_people(client)
    assert len(set(recovery_codes)) == 10
    assert not any(code in client.get(PAGE, follow=True).content.decode() for code in recovery_codes)
    assert not StaticToken.objects.filter(token__in=recovery_codes).exists()


def test_a_wrong_first_code_sets_nothing_up(someone: User) -> None:
    client = with_password()
    client.get(PAGE)

    client.post(PAGE, {"code": "000000"})

    assert not sees_people(client)
    assert "data:image/svg+xml" in client.get(PAGE).content.decode()


def test_the_next_sign_in_asks_for_a_code_and_leads_where_one_wanted_to_go(someone: User, clock: Any) -> None:
    app, _ = set_up(with_password())
    clock.shift(timedelta(minutes=1))
    client = with_password()

    page = client.get(PEOPLE, follow=True)
    assert "data:image/svg+xml" not in page.content.decode()
    assert not sees_people(client)
    answer = client.post(page.redirect_chain[-1][0], {"code": app()})

    assert (answer.status_code, answer.headers["Location"]) == (302, PEOPLE)
    assert sees_people(client)


def test_it_leads_to_no_other_site(someone: User, clock: Any) -> None:
    app, _ = set_up(with_password())
    clock.shift(timedelta(minutes=1))

    answer = with_password().post(f"{PAGE}?next=https://evil.example/", {"code": app()})

    assert answer.headers["Location"] == "/admin/"


def test_a_code_works_once(someone: User, clock: Any) -> None:
    app, _ = set_up(with_password())
    clock.shift(timedelta(minutes=1))
    with_password().post(PAGE, {"code": app()})

    second = with_password()
    second.post(PAGE, {"code": app()})

    assert not sees_people(second)


def test_a_recovery_code_works_once_however_it_is_typed(someone: User) -> None:
    _, recovery_codes = set_up(with_password())
    typed = f" {recovery_codes[0][:4].upper()} {recovery_codes[0][4:]} "

    first, second = with_password(), with_password()
    first.post(PAGE, {"code": typed})
    second.post(PAGE, {"code": typed})

    assert sees_people(first)
    assert not sees_people(second)


def test_somebody_elses_code_does_not_let_in(someone: User, clock: Any) -> None:
    factories.superuser(phone_number="+79990000001", password=PASSWORD)
    app, recovery_codes = set_up(with_password("+79990000001"))
    set_up(with_password())
    clock.shift(timedelta(minutes=1))
    client = with_password()

    for code in (app(), recovery_codes[0]):
        client.post(PAGE, {"code": code})
        clock.shift(timedelta(minutes=1))

    assert not sees_people(client)


def test_guessing_codes_locks_like_guessing_passwords_and_a_password_resets_nothing(someone: User, clock: Any) -> None:
    app, _ = set_up(with_password())
    client = with_password()
    statuses = []
    for _ in range(5):
        clock.shift(timedelta(minutes=1))
        with_password()
        statuses.append(client.post(PAGE, {"code": "000000"}).status_code)

    clock.shift(timedelta(minutes=1))
    assert statuses == [200, 200, 200, 200, 429]
    assert client.post(PAGE, {"code": app()}).status_code == 429
    assert not sees_people(client)


def test_wrong_codes_slow_further_ones_down_wherever_they_come_from(someone: User, clock: Any) -> None:
    app, _ = set_up(with_password())
    clock.shift(timedelta(minutes=1))
    for number in range(4):
        with_password(REMOTE_ADDR=f"203.0.113.{number}").post(PAGE, {"code": "000000"})
    client = with_password(REMOTE_ADDR="198.51.100.7")

    client.post(PAGE, {"code": app()})

    assert not sees_people(client)
    clock.shift(timedelta(minutes=1))
    client.post(PAGE, {"code": app()})
    assert sees_people(client)


def test_a_complete_sign_in_forgets_typing_errors(someone: User, clock: Any) -> None:
    app, _ = set_up(with_password())
    for _ in range(3):
        for _ in range(3):
            clock.shift(timedelta(minutes=1))
            assert with_password().post(PAGE, {"code": "000000"}).status_code == 200
        clock.shift(timedelta(minutes=1))
        assert with_password().post(PAGE, {"code": app()}).status_code == 302


def test_the_page_is_for_nobody_without_a_password() -> None:
    person = factories.staff()
    anonymous = Client()

    assert anonymous.get(PAGE).status_code == 302
    assert anonymous.get(PAGE).headers["Location"] == "/admin/login/"
    assert with_password(str(person.phone_number)).post(PAGE, {"code": "1"}).headers["Location"] == "/admin/login/"


def test_one_can_sign_out_half_way(someone: User) -> None:
    client = with_password()

    client.post(PAGE, {"leave": "1"})

    assert client.get(PAGE).headers["Location"] == "/admin/login/"


def test_a_superuser_resets_the_second_factor_of_a_colleague(someone: User, clock: Any) -> None:
    colleague = factories.staff(phone_number="+79990000001", password=PASSWORD)
    lost = with_password("+79990000001")
    set_up(lost)
    boss = with_password()
    set_up(boss)
    assert lost.get(DEVICES).status_code == 403
    assert lost.get("/admin/").status_code == 200

    device = TOTPDevice.objects.get(user=colleague)
    boss.post(DEVICES, {"action": "delete_selected", "_selected_action": [device.pk], "post": "yes"})

    assert lost.get("/admin/").status_code == 302
    assert "data:image/svg+xml" in lost.get(PAGE).content.decode()
    assert AuditRecord.objects.filter(person=colleague, action="changed", details={"second_factor": None}).count() == 2


def test_no_page_shows_the_key_of_an_app_that_is_set_up(someone: User) -> None:
    client = with_password()
    secret = re.findall(r'id="secret">([A-Z2-7]+)<', client.get(PAGE).content.decode())[0]
    set_up(client)

    pages = [DEVICES, "/admin/", *re.findall(rf"{DEVICES}\d+/change/", client.get(DEVICES).content.decode())]

    key = b32decode(secret).hex()
    for page in pages:
        html = client.get(page, follow=True).content.decode()
        assert secret not in html
        assert key not in html


def test_signing_in_and_setting_up_are_in_the_audit_trail(someone: User, clock: Any) -> None:
    app, recovery_codes = set_up(with_password())
    clock.shift(timedelta(minutes=1))
    with_password().post(PAGE, {"code": app()})
    with_password().post(PAGE, {"code": recovery_codes[0]})

    records = AuditRecord.objects.order_by("id").values_list("action", "details")

    assert [*records] == [
        ("changed", {"second_factor": None}),
        ("signed_in", {"second_factor": "app"}),
        ("signed_in", {"second_factor": "recovery code"}),
    ]


def test_where_it_is_not_asked_for_a_password_is_enough(someone: User, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = False

    client = with_password()

    assert sees_people(client)
    assert client.get(PAGE).headers["Location"] == "/admin/"


def test_the_page_speaks_russian(someone: User) -> None:
    html = with_password().get(PAGE, headers={"accept-language": "ru"}).content.decode()

    assert "Второй фактор" in html
