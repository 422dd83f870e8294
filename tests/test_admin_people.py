"""What staff do to people in the admin panel goes through the same rules as what people do themselves."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support import factories
from tests.support.panel import PEOPLE, page_of
from users.models import AuditRecord, Referral, RetiredReferralCode, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def form_of(person: User, **fields: Any) -> dict[str, Any]:
    """What the person's page sends when nothing but `fields` is changed."""
    return {"phone_number": str(person.phone_number), "username": person.username, "is_active": "on", **fields}


def errors_in(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


# Adding and changing


def test_a_new_person_gets_an_invite_code_and_a_number_in_one_form(boss: Client) -> None:
    boss.post(f"{PEOPLE}add/", {"phone_number": "8 999 123-45-67", "username": "New"})

    person = User.objects.get(phone_number="+79991234567")
    assert len(person.referral_code) == 6
    assert not person.has_usable_password()
    assert not person.is_staff


def test_a_new_colleague_gets_a_password(boss: Client) -> None:
    new = {"phone_number": "8 999 123-45-67", "username": "", "password1": PASSWORD}

    assert "password2" in errors_in(boss.post(f"{PEOPLE}add/", {**new, "password2": "a misprint"}))
    assert "password1" in errors_in(boss.post(f"{PEOPLE}add/", {**new, "password1": "1234", "password2": "1234"}))
    boss.post(f"{PEOPLE}add/", {**new, "password2": PASSWORD})

    assert User.objects.get(phone_number="+79991234567").check_password(PASSWORD)


@pytest.mark.parametrize("typed", ["+7 999 765-43-21", "abc", "8 495 123-45-67", "", "+79991234567;ext=5", "1" * 500])
def test_a_number_that_is_taken_or_no_mobile_is_an_error_of_the_form(boss: Client, typed: str) -> None:
    factories.person(phone_number="+79997654321")
    person = factories.person(phone_number="+79991112233")

    added = boss.post(f"{PEOPLE}add/", {"phone_number": typed, "username": ""})
    changed = boss.post(page_of(person), form_of(person, phone_number=typed))

    assert "phone_number" in errors_in(added)
    assert "phone_number" in errors_in(changed)
    assert User.objects.count() == 3
    person.refresh_from_db()
    assert person.phone_number == "+79991112233"


def test_a_person_is_changed(boss: Client) -> None:
    person = factories.person()

    boss.post(page_of(person), {"phone_number": "8 999 123-45-67", "username": "Renamed"})

    person.refresh_from_db()
    assert (str(person.phone_number), person.username, person.is_active) == ("+79991234567", "Renamed", False)


def test_a_superuser_makes_staff(boss: Client) -> None:
    person = factories.person()

    boss.post(page_of(person), form_of(person, is_staff="on"))
    boss.post(page_of(person, "password"), {"password1": PASSWORD, "password2": PASSWORD})

    signed_in = Client().post("/admin/login/", {"username": str(person.phone_number), "password": PASSWORD})
    assert signed_in.status_code == 302
    person.refresh_from_db()
    assert person.is_staff


def test_a_new_password_forgets_nobody_who_came_meanwhile() -> None:
    inviter = factories.person()
    form_class: Any = admin.site.get_model_admin(User).change_password_form
    form = form_class(User.objects.get(pk=inviter.pk), {"password1": PASSWORD, "password2": PASSWORD})
    assert form.is_valid()

    factories.invited_by(inviter)
    form.save()

    inviter.refresh_from_db()
    assert inviter.referrals_count == 1
    assert inviter.check_password(PASSWORD)


# Entering an invite code


def test_a_code_entered_by_staff_is_activated(boss: Client) -> None:
    inviter, person = factories.person(), factories.person()

    boss.post(page_of(person), form_of(person, used_referral_code=f" {inviter.referral_code.lower()} "))

    inviter.refresh_from_db()
    assert inviter.referrals_count == 1
    assert Referral.objects.get().invited == person


@pytest.mark.parametrize("whose", ["own", "nobody's", "invited", "another"])
def test_a_code_that_the_rules_refuse_is_an_error_of_the_form_and_changes_nothing(boss: Client, whose: str) -> None:
    person = factories.person(username="Before")
    invited = factories.invited_by(person)
    if whose == "another":
        person = invited
    codes = {
        "own": person.referral_code,
        "nobody's": "XXXXXX",
        "invited": invited.referral_code,
        "another": factories.person().referral_code,
    }
    before = [*Referral.objects.values()]

    answer = boss.post(page_of(person), form_of(person, username="After", used_referral_code=codes[whose]))

    assert "used_referral_code" in errors_in(answer)
    assert [*Referral.objects.values()] == before
    assert not User.objects.filter(username="After").exists()
    assert not AuditRecord.objects.filter(action="changed").exists()


# Erasing


@pytest.mark.parametrize("in_bulk", [False, True])
def test_a_deleted_person_is_erased_and_the_other_party_keeps_the_history(boss: Client, in_bulk: bool) -> None:
    inviter = factories.person()
    person = factories.invited_by(inviter, username="Secret", phone_number="+79991234567")
    newcomer = factories.invited_by(person)
    factories.signed_in(person)
    boss.post(page_of(person), form_of(person, username="Secret too"))

    if in_bulk:
        boss.post(PEOPLE, {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"})
    else:
        boss.post(page_of(person, "delete"), {"post": "yes"})

    assert not User.objects.filter(pk=person.pk).exists()
    assert RetiredReferralCode.objects.get().referral_code == person.referral_code
    inviter.refresh_from_db()
    assert inviter.referrals_count == 1
    newcomer = User.objects.get(pk=newcomer.pk)
    assert newcomer.used_referral_code == person.referral_code
    assert "erased" in boss.get(page_of(newcomer)).content.decode()
    journal = str([*AuditRecord.objects.values()])
    assert "Secret" not in journal
    assert "1234567" not in journal


def test_asking_whether_to_erase_an_inviter_does_not_look_for_those_invited(boss: Client) -> None:
    inviter = factories.person()
    factories.invited_by(inviter)

    with CaptureQueriesContext(connection) as queries:
        assert boss.get(page_of(inviter, "delete")).status_code == 200

    assert not [query["sql"] for query in queries if 'FROM "users_referral"' in query["sql"]]


def test_one_click_never_erases_more_than_what_is_ticked(boss: Client) -> None:
    ticked, other = factories.person(), factories.person()
    everybody = {"action": "delete_selected", "_selected_action": [ticked.pk], "select_across": "1", "post": "yes"}

    boss.post(PEOPLE, everybody)

    assert not User.objects.filter(pk=ticked.pk).exists()
    assert User.objects.filter(pk=other.pk).exists()
