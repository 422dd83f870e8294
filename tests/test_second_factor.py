"""The second factor of staff (TOTP and recovery codes), if required."""

import re
from base64 import b32decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from tests.support import factories
from tests.support.panel import PEOPLE
from tests.support.second_factor import PAGE, set_up
from tests.support.spellings import full_width, with_marks
from users.models import AuditRecord, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
ADMIN_PHONE = "+79990000000"
DEVICES = "/admin/users/secondfactor/"


@pytest.fixture(autouse=True)
def require_second_factor(settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(timezone.now(), tick=False) as stopped:
        yield stopped


@pytest.fixture
def admin_user() -> User:
    return factories.create_superuser(phone_number=ADMIN_PHONE, password=PASSWORD)


def client_after_password(number: str = ADMIN_PHONE, **environment: Any) -> Client:
    """Return a client that has passed the password step."""
    client = Client(**environment)
    client.post("/admin/login/", {"username": number, "password": PASSWORD})
    return client


def has_access(client: Client) -> bool:
    return client.get(PEOPLE).status_code == 200


def test_staff_without_second_factor_are_redirected_to_its_setup(admin_user: User) -> None:
    client = client_after_password()

    assert not has_access(client)
    answer = client.get(PEOPLE, follow=True)
    assert answer.redirect_chain[-1][0].startswith(PAGE)
    assert "data:image/svg+xml" in answer.content.decode()


def test_setup_signs_in_and_shows_the_recovery_codes_once(admin_user: User) -> None:
    client = client_after_password()

    _, recovery_codes = set_up(client)

    assert has_access(client)
    assert len(set(recovery_codes)) == 10
    assert not any(code in client.get(PAGE, follow=True).content.decode() for code in recovery_codes)
    assert not StaticToken.objects.filter(token__in=recovery_codes).exists()


def test_wrong_first_code_does_not_complete_the_setup(admin_user: User) -> None:
    client = client_after_password()
    client.get(PAGE)

    client.post(PAGE, {"code": "000000"})

    assert not has_access(client)
    assert "data:image/svg+xml" in client.get(PAGE).content.decode()


def test_next_sign_in_requires_a_code_and_redirects_to_next(admin_user: User, clock: Any) -> None:
    app, _ = set_up(client_after_password())
    clock.shift(timedelta(minutes=1))
    client = client_after_password()

    page = client.get(PEOPLE, follow=True)
    assert "data:image/svg+xml" not in page.content.decode()
    assert not has_access(client)
    answer = client.post(page.redirect_chain[-1][0], {"code": app()})

    assert (answer.status_code, answer.headers["Location"]) == (302, PEOPLE)
    assert has_access(client)


def test_does_not_redirect_to_other_hosts(admin_user: User, clock: Any) -> None:
    app, _ = set_up(client_after_password())
    clock.shift(timedelta(minutes=1))

    answer = client_after_password().post(f"{PAGE}?next=https://evil.example/", {"code": app()})

    assert answer.headers["Location"] == "/admin/"


def test_code_works_once(admin_user: User, clock: Any) -> None:
    app, _ = set_up(client_after_password())
    clock.shift(timedelta(minutes=1))
    client_after_password().post(PAGE, {"code": app()})

    second = client_after_password()
    second.post(PAGE, {"code": app()})

    assert not has_access(second)


@pytest.mark.parametrize("write", [" ".join, "-".join, with_marks, full_width, "«{}».".format])
def test_code_is_read_as_the_codes_of_people_are(admin_user: User, clock: Any, write: Callable[[str], str]) -> None:
    app, recovery_codes = set_up(client_after_password())
    clock.shift(timedelta(minutes=1))

    for code in (app(), recovery_codes[0]):
        client = client_after_password()
        client.post(PAGE, {"code": write(code)})
        assert has_access(client)


def test_recovery_code_works_once_in_any_spelling(admin_user: User) -> None:
    _, recovery_codes = set_up(client_after_password())
    typed = f" {recovery_codes[0][:4].upper()} {recovery_codes[0][4:]} "

    first, second = client_after_password(), client_after_password()
    first.post(PAGE, {"code": typed})
    second.post(PAGE, {"code": typed})

    assert has_access(first)
    assert not has_access(second)


def test_code_of_another_user_is_refused(admin_user: User, clock: Any) -> None:
    factories.create_superuser(phone_number="+79990000001", password=PASSWORD)
    app, recovery_codes = set_up(client_after_password("+79990000001"))
    set_up(client_after_password())
    clock.shift(timedelta(minutes=1))
    client = client_after_password()

    for code in (app(), recovery_codes[0]):
        client.post(PAGE, {"code": code})
        clock.shift(timedelta(minutes=1))

    assert not has_access(client)


def test_wrong_codes_lock_out_and_a_password_does_not_reset_them(admin_user: User, clock: Any) -> None:
    app, _ = set_up(client_after_password())
    client = client_after_password()
    statuses = []
    for _ in range(5):
        clock.shift(timedelta(minutes=1))
        client_after_password()
        statuses.append(client.post(PAGE, {"code": "000000"}).status_code)

    clock.shift(timedelta(minutes=1))
    assert statuses == [200, 200, 200, 200, 429]
    assert client.post(PAGE, {"code": app()}).status_code == 429
    assert not has_access(client)


def test_wrong_codes_from_any_ip_delay_the_next_code(admin_user: User, clock: Any) -> None:
    app, _ = set_up(client_after_password())
    clock.shift(timedelta(minutes=1))
    for number in range(4):
        client_after_password(REMOTE_ADDR=f"203.0.113.{number}").post(PAGE, {"code": "000000"})
    client = client_after_password(REMOTE_ADDR="198.51.100.7")

    client.post(PAGE, {"code": app()})

    assert not has_access(client)
    clock.shift(timedelta(minutes=1))
    client.post(PAGE, {"code": app()})
    assert has_access(client)


def test_complete_sign_in_resets_failures(admin_user: User, clock: Any) -> None:
    app, _ = set_up(client_after_password())
    for _ in range(3):
        for _ in range(3):
            clock.shift(timedelta(minutes=1))
            assert client_after_password().post(PAGE, {"code": "000000"}).status_code == 200
        clock.shift(timedelta(minutes=1))
        assert client_after_password().post(PAGE, {"code": app()}).status_code == 302


def test_page_requires_a_password_first() -> None:
    person = factories.create_staff()
    anonymous = Client()

    assert anonymous.get(PAGE).status_code == 302
    assert anonymous.get(PAGE).headers["Location"] == "/admin/login/"
    assert (
        client_after_password(str(person.phone_number)).post(PAGE, {"code": "1"}).headers["Location"] == "/admin/login/"
    )


def test_sign_out_works_before_the_second_factor(admin_user: User) -> None:
    client = client_after_password()

    client.post(PAGE, {"leave": "1"})

    assert client.get(PAGE).headers["Location"] == "/admin/login/"


def test_superuser_resets_a_second_factor(admin_user: User, clock: Any) -> None:
    colleague = factories.create_staff(phone_number="+79990000001", password=PASSWORD)
    lost = client_after_password("+79990000001")
    set_up(lost)
    admin_client = client_after_password()
    set_up(admin_client)
    assert lost.get(DEVICES).status_code == 403
    assert lost.get("/admin/").status_code == 200

    device = TOTPDevice.objects.get(user=colleague)
    admin_client.post(DEVICES, {"action": "delete_selected", "_selected_action": [device.pk], "post": "yes"})

    assert lost.get("/admin/").status_code == 302
    assert "data:image/svg+xml" in lost.get(PAGE).content.decode()
    assert AuditRecord.objects.filter(person=colleague, action="changed", details={"second_factor": None}).count() == 2


def test_key_is_not_shown_after_the_setup(admin_user: User) -> None:
    client = client_after_password()
    secret = re.findall(r'id="secret">([A-Z2-7]+)<', client.get(PAGE).content.decode())[0]
    set_up(client)

    pages = [DEVICES, "/admin/", *re.findall(rf"{DEVICES}\d+/change/", client.get(DEVICES).content.decode())]

    key = b32decode(secret).hex()
    for page in pages:
        html = client.get(page, follow=True).content.decode()
        assert secret not in html
        assert key not in html


def test_sign_in_and_setup_are_audited(admin_user: User, clock: Any) -> None:
    app, recovery_codes = set_up(client_after_password())
    clock.shift(timedelta(minutes=1))
    client_after_password().post(PAGE, {"code": app()})
    client_after_password().post(PAGE, {"code": recovery_codes[0]})

    records = AuditRecord.objects.order_by("id").values_list("action", "details")

    assert [*records] == [
        ("changed", {"second_factor": None}),
        ("signed_in", {"second_factor": "app"}),
        ("signed_in", {"second_factor": "recovery code"}),
    ]


def test_password_is_enough_if_not_required(admin_user: User, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = False

    client = client_after_password()

    assert has_access(client)
    assert client.get(PAGE).headers["Location"] == "/admin/"


def test_page_is_translated(admin_user: User) -> None:
    html = client_after_password().get(PAGE, headers={"accept-language": "ru"}).content.decode()

    assert "Второй фактор" in html
