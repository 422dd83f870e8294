"""A new number, a new password and being disabled end every session, at once; nothing revives them."""

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

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
)
from tests.support.fake_gateways import Gateway
from tests.support.pages import signed_in_browser
from tests.support.panel import panel_client, user_page
from users.models import Delivery, User
from users.people.jwt_sessions import open_jwt_session

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
Change = Callable[[User], Any]


class Sessions:
    """One session of each kind."""

    def __init__(self, user: User) -> None:
        self.refresh = open_jwt_session(user)
        self.clients: list[Client] = [
            api_client(user),
            authorized_client(f"Bearer {self.refresh.access_token}"),
        ]
        self.browser = signed_in_browser(user)

    def alive(self) -> list[str]:
        """Return the kinds that still open the profile."""
        kinds = dict(zip(("token", "jwt"), self.clients, strict=True))
        alive = [kind for kind, client in kinds.items() if client.get("/api/profile/").status_code == 200]
        renewed = APIClient().post("/api/jwt/refresh/", {"refresh": str(self.refresh)}).status_code == 200
        return alive + ["refresh"] * renewed + ["web"] * (self.browser.get("/profile/").status_code == 200)


def by_a_service(user: User, **fields: Any) -> None:
    assert service_client().patch(f"/api/users/{user.public_id}/", fields).status_code == 200


def in_the_panel(user: User, **fields: Any) -> None:
    user.refresh_from_db()
    staff = panel_client(create_superuser())
    if "is_active" in fields:
        act = {"act": "unblock" if fields.pop("is_active") else "block", "text": "A reason"}
        assert staff.post(user_page(user, "act"), act).status_code == 302
    form = {"phone_number": str(user.phone_number), "username": user.username, **fields}
    assert staff.post(user_page(user), form).status_code == 302


def set_password(user: User) -> None:
    form = {"password1": PASSWORD, "password2": PASSWORD}
    assert panel_client(create_superuser()).post(user_page(user, "password"), form).status_code == 302


def set_password_by_command(user: User) -> None:
    user.set_password(PASSWORD)
    user.save()


WAYS = pytest.mark.parametrize("save", [by_a_service, in_the_panel])


@WAYS
def test_a_new_number_ends_every_session(save: Callable[..., None]) -> None:
    user = create_user()
    sessions, other = Sessions(user), Sessions(create_user())

    save(user, phone_number=phone_number())

    assert sessions.alive() == []
    assert other.alive() == ["token", "jwt", "refresh", "web"]


@WAYS
def test_being_enabled_again_revives_no_session(save: Callable[..., None]) -> None:
    user = create_user()
    sessions = Sessions(user)

    save(user, is_active=False)
    assert sessions.alive() == []
    save(user, is_active=True)

    assert sessions.alive() == []
    assert sign_up(APIClient(), str(user.phone_number))["is_new_user"] is False


@pytest.mark.parametrize("change", [set_password, set_password_by_command])
def test_a_new_password_ends_every_session(change: Change) -> None:
    user = create_user()
    sessions = Sessions(user)

    change(user)

    assert sessions.alive() == []


def test_who_changes_their_own_password_stays_in_the_panel_and_nowhere_else() -> None:
    boss = create_superuser(password="a former one")
    here, elsewhere, api = panel_client(boss), panel_client(boss), api_client(boss)
    form = {"old_password": "a former one", "new_password1": PASSWORD, "new_password2": PASSWORD}

    assert here.post("/admin/password_change/", form).status_code == 302

    assert here.get("/admin/").status_code == 200
    assert elsewhere.get("/admin/").status_code == 302
    assert api.get("/api/profile/").status_code == 401


def test_a_sign_in_by_password_ends_no_session() -> None:
    """Django may store a new hash of the same password then."""
    boss = create_superuser(password=PASSWORD)
    boss.password = "pbkdf2_sha256$1$salt$" + boss.password.rpartition("$")[2]
    api = api_client(boss)

    assert boss.check_password("wrong") is False
    Client().post("/admin/login/", {"username": str(boss.phone_number), "password": PASSWORD})

    assert api.get("/api/profile/").status_code == 200


@WAYS
@pytest.mark.parametrize("fields", [{"username": "Anna"}, {"is_active": True}, {}])
def test_other_changes_end_no_session(save: Callable[..., None], fields: dict[str, Any]) -> None:
    user = create_user()
    sessions = Sessions(user)

    save(user, **fields)
    spelled = f"8 ({user.phone_number[2:5]}) {user.phone_number[5:]}"
    save(user, phone_number=spelled)

    assert sessions.alive() == ["token", "jwt", "refresh", "web"]
    assert not Delivery.objects.filter(verification_token=None).exists()


@WAYS
def test_the_old_and_the_new_number_are_told(
    save: Callable[..., None], settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    user, new = create_user(), phone_number()
    old = str(user.phone_number)
    with Gateway().running() as gateway:
        settings.SMS_URL = gateway.sms_url
        with django_capture_on_commit_callbacks(execute=True):
            save(user, phone_number=new)

    assert sorted(number for number, _ in gateway.accepted) == sorted([old, new])
    assert all("phone number of your account was changed" in text for _, text in gateway.accepted)
    assert service_client().get("/api/statistics/").json()["all_time"]["codes_sent"] == 0  # a notice is no code


def test_a_refused_number_is_told_to_nobody(django_capture_on_commit_callbacks: Any) -> None:
    user, other = create_user(), create_user()

    with django_capture_on_commit_callbacks(execute=True):
        answer = service_client().patch(f"/api/users/{user.public_id}/", {"phone_number": str(other.phone_number)})

    assert answer.status_code == 409
    assert not Delivery.objects.exists()


def test_a_number_is_changed_even_if_no_gateway_takes_the_message(
    settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    gateway = Gateway()
    gateway.answer = (500, "")
    user, new = create_user(), phone_number()
    with gateway.running():
        settings.SMS_URL = gateway.sms_url
        with django_capture_on_commit_callbacks(execute=True):
            by_a_service(user, phone_number=new)

    user.refresh_from_db()
    assert user.phone_number == new
    assert {message.state for message in Delivery.objects.filter(verification_token=None)} == {"failed"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "fields", [{"is_active": False}, {"phone_number": "+79991110000"}], ids=["disabled", "new number"]
)
@pytest.mark.usefixtures("unlimited")
def test_a_sign_in_at_the_same_time_leaves_no_session(fields: dict[str, Any]) -> None:
    for _ in range(10):
        user = create_user()
        phone = str(user.phone_number)
        login = {"phone_number": phone, "confirmation_code": request_code(APIClient(), phone)}
        service = service_client()

        answer, changed = run_concurrently(
            partial(APIClient().post, "/api/login/", login),
            partial(service.patch, f"/api/users/{user.public_id}/", fields),
        )

        assert changed.status_code == 200
        service.patch(f"/api/users/{user.public_id}/", {"is_active": True, "phone_number": phone})
        if answer.status_code == 200 and not answer.json()["is_new_user"]:
            token = answer.json()["token"]
            assert authorized_client(f"Token {token}").get("/api/profile/").status_code == 401
        User.objects.filter(phone_number__in=[phone, "+79991110000"]).delete()


def test_changing_a_password_by_the_command_of_django_ends_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    boss = create_superuser(password="a former one")
    sessions = Sessions(boss)
    monkeypatch.setattr("getpass.getpass", lambda **_: PASSWORD)

    call_command("changepassword", str(boss.phone_number), stdout=io.StringIO())

    assert sessions.alive() == []
