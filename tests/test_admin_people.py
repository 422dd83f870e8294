"""Changes to users in the admin panel follow the same rules as the API."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support import factories
from tests.support.panel import PEOPLE, user_page
from users.models import AuditRecord, Referral, RetiredReferralCode, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def form_of(person: User, **fields: Any) -> dict[str, Any]:
    """Return the form of the user's page with `fields` changed."""
    return {"phone_number": str(person.phone_number), "username": person.username, "is_active": "on", **fields}


def errors_in(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


# Creating and changing


def test_created_user_gets_an_invite_code_and_a_normalized_number(admin_client: Client) -> None:
    admin_client.post(f"{PEOPLE}add/", {"phone_number": "8 999 123-45-67", "username": "New"})

    person = User.objects.get(phone_number="+79991234567")
    assert len(person.referral_code) == 6
    assert not person.has_usable_password()
    assert not person.is_staff


def test_created_staff_gets_a_password(admin_client: Client) -> None:
    new = {"phone_number": "8 999 123-45-67", "username": "", "password1": PASSWORD}

    assert "password2" in errors_in(admin_client.post(f"{PEOPLE}add/", {**new, "password2": "a misprint"}))
    assert "password1" in errors_in(
        admin_client.post(f"{PEOPLE}add/", {**new, "password1": "1234", "password2": "1234"})
    )
    admin_client.post(f"{PEOPLE}add/", {**new, "password2": PASSWORD})

    assert User.objects.get(phone_number="+79991234567").check_password(PASSWORD)


@pytest.mark.parametrize("typed", ["+7 999 765-43-21", "abc", "8 495 123-45-67", "", "+79991234567;ext=5", "1" * 500])
def test_taken_or_invalid_number_is_a_form_error(admin_client: Client, typed: str) -> None:
    factories.create_user(phone_number="+79997654321")
    person = factories.create_user(phone_number="+79991112233")

    added = admin_client.post(f"{PEOPLE}add/", {"phone_number": typed, "username": ""})
    changed = admin_client.post(user_page(person), form_of(person, phone_number=typed))

    assert "phone_number" in errors_in(added)
    assert "phone_number" in errors_in(changed)
    assert User.objects.count() == 3
    person.refresh_from_db()
    assert person.phone_number == "+79991112233"


def test_user_is_changed(admin_client: Client) -> None:
    person = factories.create_user()

    admin_client.post(user_page(person), {"phone_number": "8 999 123-45-67", "username": "Renamed"})

    person.refresh_from_db()
    assert (str(person.phone_number), person.username, person.is_active) == ("+79991234567", "Renamed", True)


def test_superuser_grants_staff(admin_client: Client) -> None:
    person = factories.create_user()

    admin_client.post(user_page(person), form_of(person, is_staff="on"))
    admin_client.post(user_page(person, "password"), {"password1": PASSWORD, "password2": PASSWORD})

    signed_in = Client().post("/admin/login/", {"username": str(person.phone_number), "password": PASSWORD})
    assert signed_in.status_code == 302
    person.refresh_from_db()
    assert person.is_staff


def test_password_change_keeps_a_concurrent_referral_count() -> None:
    inviter = factories.create_user()
    form_class: Any = admin.site.get_model_admin(User).change_password_form
    form = form_class(User.objects.get(pk=inviter.pk), {"password1": PASSWORD, "password2": PASSWORD})
    assert form.is_valid()

    factories.create_user(invited_by=inviter)
    form.save()

    inviter.refresh_from_db()
    assert inviter.referrals_count == 1
    assert inviter.check_password(PASSWORD)


# Activating an invite code


def test_code_entered_by_staff_is_activated(admin_client: Client) -> None:
    inviter, person = factories.create_users(2)

    admin_client.post(user_page(person), form_of(person, used_referral_code=f" {inviter.referral_code.lower()} "))

    inviter.refresh_from_db()
    assert inviter.referrals_count == 1
    assert Referral.objects.get().invited == person


@pytest.mark.parametrize("whose", ["own", "nobody's", "invited", "another"])
def test_refused_code_is_a_form_error_and_changes_nothing(admin_client: Client, whose: str) -> None:
    person = factories.create_user(username="Before")
    invited = factories.create_user(invited_by=person)
    if whose == "another":
        person = invited
    codes = {
        "own": person.referral_code,
        "nobody's": "XXXXXX",
        "invited": invited.referral_code,
        "another": factories.create_user().referral_code,
    }
    before = [*Referral.objects.values()]

    answer = admin_client.post(user_page(person), form_of(person, username="After", used_referral_code=codes[whose]))

    assert "used_referral_code" in errors_in(answer)
    assert [*Referral.objects.values()] == before
    assert not User.objects.filter(username="After").exists()
    assert not AuditRecord.objects.filter(action="changed").exists()


# Erasure


@pytest.mark.parametrize("in_bulk", [False, True])
def test_deleted_user_is_erased_and_referrals_stay(admin_client: Client, in_bulk: bool) -> None:
    inviter = factories.create_user()
    person = factories.create_user(invited_by=inviter, username="Secret", phone_number="+79991234567")
    newcomer = factories.create_user(invited_by=person)
    factories.api_client(person)
    admin_client.post(user_page(person), form_of(person, username="Secret too"))

    if in_bulk:
        admin_client.post(PEOPLE, {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"})
    else:
        admin_client.post(user_page(person, "delete"), {"post": "yes"})

    assert not User.objects.filter(pk=person.pk).exists()
    assert RetiredReferralCode.objects.get().referral_code == person.referral_code
    inviter.refresh_from_db()
    assert inviter.referrals_count == 1
    newcomer = User.objects.get(pk=newcomer.pk)
    assert newcomer.used_referral_code == person.referral_code
    assert "erased" in admin_client.get(user_page(newcomer)).content.decode()
    journal = str([*AuditRecord.objects.values()])
    assert "Secret" not in journal
    assert "1234567" not in journal


def test_delete_confirmation_does_not_load_referrals(admin_client: Client) -> None:
    inviter = factories.create_user()
    factories.create_user(invited_by=inviter)

    with CaptureQueriesContext(connection) as queries:
        assert admin_client.get(user_page(inviter, "delete")).status_code == 200

    assert not [query["sql"] for query in queries if 'FROM "users_referral"' in query["sql"]]


def test_bulk_delete_erases_selected_users_only(admin_client: Client) -> None:
    ticked, other = factories.create_users(2)
    everybody = {"action": "delete_selected", "_selected_action": [ticked.pk], "select_across": "1", "post": "yes"}

    admin_client.post(PEOPLE, everybody)

    assert not User.objects.filter(pk=ticked.pk).exists()
    assert User.objects.filter(pk=other.pk).exists()
