"""Sign-in, pages and permissions of the admin panel; changes to users are in test_admin_people.py."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from pytest_django import Settings

from panel.lists import CappedPaginator
from tests.support import factories
from tests.support.panel import CODES, PEOPLE, REFERRALS, panel_client, user_page
from tests.support.queries import count_queries
from users.models import ConfirmationCode, Referral, User
from users.sign_in import sending

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def staff_with_all_permissions() -> User:
    """Create staff with every permission, but no superuser."""
    user = factories.create_staff()
    user.user_permissions.set(Permission.objects.all())
    return user


# Sign-in


@pytest.mark.parametrize("typed", ["8 999 000-00-00", "+7 (999) 000-00-00", "89990000000"])
def test_staff_sign_in_with_any_spelling_of_their_number(typed: str) -> None:
    factories.create_superuser(phone_number="+79990000000", password=PASSWORD)

    answer = Client().post("/admin/login/", {"username": typed, "password": PASSWORD}, follow=True)

    assert answer.redirect_chain == [("/admin/", 302)]
    assert answer.status_code == 200


def test_sign_in_form_has_a_phone_number_field() -> None:
    html = Client().get("/admin/login/").content.decode()

    assert re.search(r'<label for="id_username"[^>]*>\s*Phone number', html)
    assert int(re.findall(r'name="username"[^>]*maxlength="(\d+)"', html)[0]) >= len("+7 (999) 000-00-00")


@pytest.mark.parametrize(
    ("phone_number", "password"),
    [("+79990000000", "wrong"), ("+79990000000", ""), ("+79990000001", PASSWORD), ("abc\x00", PASSWORD)],
)
def test_wrong_number_or_password_is_refused(phone_number: str, password: str) -> None:
    factories.create_superuser(phone_number="+79990000000", password=PASSWORD)
    client = Client()

    refused = client.post("/admin/login/", {"username": phone_number, "password": password})

    assert refused.status_code == 200
    assert client.get("/admin/").status_code == 302


def test_panel_is_for_staff_only() -> None:
    factories.create_user(phone_number="+79990000000", password=PASSWORD)
    client = Client()

    client.post("/admin/login/", {"username": "+79990000000", "password": PASSWORD})

    assert client.get("/admin/").status_code == 302
    assert panel_client(factories.create_user()).get(f"{PEOPLE}export/").status_code == 302


def test_staff_change_their_own_password() -> None:
    user = factories.create_staff(password=PASSWORD)
    new = {"new_password1": "another good one", "new_password2": "another good one"}

    panel_client(user).post("/admin/password_change/", {"old_password": PASSWORD, **new})

    user.refresh_from_db()
    assert user.check_password("another good one")


def test_a_write_without_a_csrf_token_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.create_superuser())

    assert client.post(f"{PEOPLE}add/", {"phone_number": "+79991234567", "username": ""}).status_code == 403
    assert not User.objects.filter(phone_number="+79991234567").exists()


# Pages


@pytest.mark.parametrize("who", [factories.create_superuser, staff_with_all_permissions])
def test_every_page_opens_without_codes_digests_or_links(who: Any, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_LENGTH = 20  # too long to appear on a page by chance
    client = panel_client(who())
    inviter = factories.create_user(username="Inviter")
    invited = factories.create_user(invited_by=inviter, username="Invited")
    sent = sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number(), username="Visitor")
    referral, code = Referral.objects.get(), ConfirmationCode.objects.get()
    pages = [
        *("/admin/", "/admin/users/", "/admin/password_change/", PEOPLE),
        f"{PEOPLE}?q=Inv",
        f"{PEOPLE}?is_active__exact=1&is_staff__exact=0&registered_at_from=2020-01-01&registered_at_to=9999-12-31",
        f"{PEOPLE}?registered_at_from=yesterday",
        f"{PEOPLE}?o=1",
        f"{PEOPLE}add/",
        *(user_page(person, page) for person in (inviter, invited) for page in ("change", "delete", "history")),
        REFERRALS,
        f"{REFERRALS}?inviter={inviter.pk}",
        f"{REFERRALS}?q={inviter.referral_code}",
        f"{REFERRALS}{referral.pk}/change/",
        f"{REFERRALS}{referral.pk}/history/",
        CODES,
        f"{CODES}?q={sent.record.phone_number}",
        f"{CODES}{code.pk}/change/",
        f"{CODES}{code.pk}/history/",
    ]
    secrets = (sent.confirmation_code, code.digest, str(code.verification_token), code.verification_token.hex)

    for page in pages:
        answer = client.get(page, follow=True)

        assert answer.status_code == 200, page
        html = answer.content.decode()
        assert not [secret for secret in secrets if secret in html], page
        assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//", html), f"{page} points outside"


@pytest.mark.parametrize("guess", [f"{CODES}?digest__startswith=0", f"{PEOPLE}?session_epoch=0"])
def test_columns_cannot_be_probed_by_filters(guess: str) -> None:
    assert panel_client(factories.create_superuser()).get(guess).status_code == 400


def test_panel_does_not_list_sessions() -> None:
    html = panel_client(factories.create_superuser()).get("/admin/").content.decode()

    assert not re.search("knox|token_blacklist", html)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "waiting"),
        ({"used_at": "2025-01-01T00:00Z"}, "used"),
        ({"expires_at": "2025-01-01T00:00Z"}, "expired"),
        ({"wrong_tries": 99}, "exhausted"),
    ],
)
def test_code_is_shown_with_its_state(changes: dict[str, Any], state: str) -> None:
    sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    ConfirmationCode.objects.update(**changes)

    admin_client = panel_client(factories.create_superuser())
    html = admin_client.get(CODES).content.decode()
    own_page = admin_client.get(f"{CODES}{ConfirmationCode.objects.get().pk}/change/").content.decode()

    assert re.findall(r"\b(waiting|used|expired|exhausted)\s*</span>", html) == [state]
    assert re.search(rf">\s*{state}\s*<", own_page)


@pytest.mark.parametrize("path", [PEOPLE, REFERRALS, CODES])
def test_number_of_queries_does_not_grow_with_the_list(path: str) -> None:
    client = panel_client(factories.create_superuser())
    inviter = factories.create_user()

    def open_list() -> None:
        assert client.get(path).status_code == 200

    def queries_with(people: int) -> int:
        while Referral.objects.count() < people:
            newcomer = factories.create_user(invited_by=inviter)
            factories.create_user(invited_by=newcomer)
            sending.send_code(client_ip="192.0.2.1", phone_number=str(newcomer.phone_number))
        return count_queries(open_list)

    open_list()  # writes that the session is in use, once a day
    assert queries_with(5) == queries_with(50)


def test_count_of_a_long_list_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CappedPaginator, "MAX_COUNTED", 3)
    for _ in range(5):
        factories.create_user()

    html = panel_client(factories.create_superuser()).get(PEOPLE).content.decode()

    assert re.search("more than 3 people", html)


# Permissions


def test_only_superusers_change_or_delete_staff() -> None:
    client = panel_client(staff_with_all_permissions())

    for colleague in (
        factories.create_staff(username="Before"),
        factories.create_superuser(),
        factories.create_user(is_superuser=True),
    ):
        change = {"phone_number": str(colleague.phone_number), "username": "After"}
        assert client.get(user_page(colleague)).status_code == 200
        assert client.post(user_page(colleague), change).status_code == 403
        assert client.post(user_page(colleague, "delete"), {"post": "yes"}).status_code == 403
        marked = {"action": "delete_selected", "_selected_action": [colleague.pk], "post": "yes"}
        assert client.post(PEOPLE, marked).status_code == 403
        colleague.refresh_from_db()
        assert colleague.username != "After"


def test_staff_cannot_grant_permissions() -> None:
    user, person = staff_with_all_permissions(), factories.create_user()
    group = Group.objects.create(name="Support")
    page_of_group = f"/admin/auth/group/{group.pk}/change/"
    right = Permission.objects.get(codename="view_user").pk
    grant = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk], "user_permissions": [right]}
    client = panel_client(user)

    for one in (user, person):
        client.post(user_page(one), {"phone_number": str(one.phone_number), "username": "", **grant})
    grant |= {"password1": PASSWORD, "password2": PASSWORD}
    client.post(f"{PEOPLE}add/", {"phone_number": "+79991234567", **grant})
    client.post(user_page(person, "password"), grant)

    assert [*User.objects.filter(is_staff=True)] == [user]
    assert User.objects.filter(phone_number="+79991234567").exists()
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.filter(groups=group).exists()
    assert not any(one.has_usable_password() for one in User.objects.exclude(pk=user.pk))
    assert client.post(page_of_group, {"name": "Support", "permissions": [right]}).status_code == 403


def test_referrals_and_codes_are_read_only() -> None:
    inviter = factories.create_user()
    factories.create_user(invited_by=inviter)
    sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    client = panel_client(factories.create_superuser())

    for path, row in ((REFERRALS, Referral.objects.get()), (CODES, ConfirmationCode.objects.get())):
        pages = (f"{path}add/", f"{path}{row.pk}/change/", f"{path}{row.pk}/delete/")
        assert [client.post(page, {"post": "yes"}).status_code for page in pages] == [403, 403, 403]
