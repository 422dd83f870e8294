"""Whatever staff do leaves a trace that they can't change, and that holds nothing of people who were erased."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from tests.support import factories
from tests.support.panel import CODES, PEOPLE, REFERRALS, browser_of, page_of
from users.models import AuditRecord, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
TRAIL = "/admin/users/auditrecord/"


@pytest.fixture
def colleague() -> User:
    return factories.superuser(username="Colleague")


@pytest.fixture
def panel(colleague: User) -> Client:
    return browser_of(colleague)


@pytest.fixture
def api(colleague: User) -> APIClient:
    return factories.signed_in(colleague)


def trail() -> list[tuple[str, int | None, Any]]:
    """What was done, to whom, and the details, in order."""
    return [*AuditRecord.objects.order_by("id").values_list("action", "person_id", "details")]


# By the API


def test_a_change_by_the_api_is_recorded_from_the_old_to_the_new_value(api: APIClient, colleague: User) -> None:
    person = factories.person(username="Before", phone_number="+79991112233")

    api.patch(f"/api/users/{person.pk}/", {"username": "After", "phone_number": "8 999 765 43 21"})

    changes = {"username": ["Before", "After"], "phone_number": ["+79991112233", "+79997654321"]}
    assert trail() == [("changed", person.pk, changes)]
    record = AuditRecord.objects.get()
    assert record.actor == colleague
    assert (timezone.now() - record.at).total_seconds() < 60


def test_creating_replacing_viewing_and_erasing_by_the_api_are_recorded(api: APIClient) -> None:
    new = api.post("/api/users/", {"phone_number": "+79991234567", "username": "New"}).json()
    path = f"/api/users/{new['id']}/"
    api.put(path, {"phone_number": "+79991234567"})
    api.get(path)
    api.get("/api/profile/+79991234567/")
    api.delete(path)

    assert [(action, person) for action, person, _ in trail()] == [
        (action, new["id"]) for action in ("created", "changed", "viewed", "viewed", "deleted")
    ]


def test_a_list_is_recorded_with_those_it_showed(api: APIClient) -> None:
    people = [factories.person() for _ in range(3)]

    api.get("/api/users/?search=%2B7999")

    ((action, _, details),) = trail()
    assert action == "listed"
    assert {person.pk for person in people} <= set(details["ids"])
    assert "7999" not in str(details)


def test_what_was_refused_or_changed_nothing_is_not_recorded(api: APIClient) -> None:
    taken, person = factories.person(), factories.person(username="Same")

    assert api.patch(f"/api/users/{person.pk}/", {"phone_number": str(taken.phone_number)}).status_code == 409
    assert api.post("/api/users/", {"phone_number": str(taken.phone_number)}).status_code == 409
    assert api.patch(f"/api/users/{person.pk}/", {"username": "Same"}).status_code == 200

    assert trail() == []


def test_what_people_do_themselves_is_not_recorded(client: APIClient) -> None:
    phone = factories.phone_number()
    session = factories.sign_up(client, phone)
    client.credentials(HTTP_AUTHORIZATION=f"Token {session['token']}")
    client.get("/api/profile/")
    client.patch("/api/profile/", {"username": "Me"})
    client.get(f"/api/profile/{phone}/")
    client.delete("/api/profile/")

    assert trail() == []


# In the panel


def test_a_change_in_the_panel_is_recorded_from_the_old_to_the_new_value(panel: Client) -> None:
    person = factories.person(username="Before")
    inviter = factories.person()
    group = Group.objects.create(name="Support")
    form = {
        "phone_number": str(person.phone_number),
        "username": "After",
        "is_staff": "on",
        "groups": [group.pk],
        "user_permissions": [Permission.objects.get(codename="view_user").pk],
        "used_referral_code": inviter.referral_code,
    }

    panel.post(page_of(person), form)

    assert trail() == [
        (
            "changed",
            person.pk,
            {
                "username": ["Before", "After"],
                "is_active": [True, False],
                "is_staff": [False, True],
                "groups": [[], ["Support"]],
                "user_permissions": [[], ["view_user"]],
                "used_referral_code": [None, inviter.referral_code],
            },
        )
    ]


def test_passwords_are_recorded_as_changed_and_never_kept(panel: Client, colleague: User) -> None:
    person = factories.person()
    colleague.set_password("a former one")
    colleague.save()
    panel.force_login(colleague)

    panel.post(page_of(person, "password"), {"password1": PASSWORD, "password2": PASSWORD})
    mine = {"old_password": "a former one", "new_password1": PASSWORD, "new_password2": PASSWORD}
    panel.post("/admin/password_change/", mine)
    new = {"phone_number": "+79991234567", "username": "", "password1": PASSWORD, "password2": PASSWORD}
    panel.post(f"{PEOPLE}add/", new)

    assert [(action, set(details)) for action, _, details in trail()] == [
        ("changed", {"password"}),
        ("changed", {"password"}),
        ("created", {"phone_number", "password1", "password2"}),
    ]
    kept = str([*AuditRecord.objects.values()])
    assert PASSWORD not in kept
    assert "md5" not in kept


def test_looking_at_people_and_taking_them_along_is_recorded(panel: Client) -> None:
    inviter = factories.person()
    invited = factories.invited_by(inviter)
    panel.get(page_of(invited))
    panel.get(f"{PEOPLE}?q=79991234567")
    panel.get(REFERRALS)
    panel.get(CODES)
    panel.get(f"{PEOPLE}export/?q=79991234567")
    panel.post(PEOPLE, {"action": "export_selected", "_selected_action": [invited.pk, inviter.pk]})

    records = trail()

    assert [action for action, *_ in records] == ["viewed", *["listed"] * 3, *["exported"] * 2]
    assert records[0][1] == invited.pk
    assert records[4][2] == {"filtered by": ["q"]}
    assert set(records[5][2]["ids"]) == {invited.pk, inviter.pk}
    assert "79991234567" not in str(records)


def test_rights_given_to_a_group_are_recorded(panel: Client) -> None:
    right = Permission.objects.get(codename="view_user")

    panel.post("/admin/auth/group/add/", {"name": "Support", "permissions": [right.pk]})
    group = Group.objects.get()
    panel.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})

    created, deleted = AuditRecord.objects.order_by("id")
    assert (created.action, created.details["permissions"]) == ("created", [None, ["view_user"]])
    assert deleted.action == "deleted"
    assert created.thing == deleted.thing == f"group {group.pk}"


def test_signing_in_to_the_panel_is_recorded_with_a_digest_of_the_address() -> None:
    user = factories.staff(phone_number="+79990000000", password=PASSWORD)
    form = {"username": "+79990000000", "password": PASSWORD}

    for address in ("203.0.113.9", "203.0.113.9", "198.51.100.7"):
        Client(REMOTE_ADDR=address).post("/admin/login/", form)
    Client().post("/admin/login/", {**form, "password": "wrong"})

    records = AuditRecord.objects.order_by("id")
    assert [(record.action, record.actor) for record in records] == [("signed_in", user)] * 3
    first, second, third = (record.address for record in records)
    assert first == second != third
    assert "203" not in first


# Erasing


@pytest.mark.parametrize("way", ["in bulk", "one", "api", "oneself"])
def test_nothing_of_an_erased_person_is_left_but_that_something_was_done(
    way: str, panel: Client, api: APIClient
) -> None:
    person = factories.person(username="Secret", phone_number="+79991112233")
    api.patch(f"/api/users/{person.pk}/", {"phone_number": "+79997654321"})
    panel.post(page_of(person), {"phone_number": "+79997654321", "username": "Secret too", "is_active": "on"})

    if way == "in bulk":
        panel.post(PEOPLE, {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"})
    elif way == "one":
        panel.post(page_of(person, "delete"), {"post": "yes"})
    elif way == "api":
        api.delete(f"/api/users/{person.pk}/")
    else:
        factories.signed_in(person).delete("/api/profile/")

    assert not User.objects.filter(pk=person.pk).exists()
    records = [record for record in trail() if record[1] == person.pk]
    assert records[:2] == [("changed", person.pk, {"phone_number": None}), ("changed", person.pk, {"username": None})]
    assert [action for action, *_ in records[2:]] == ([] if way == "oneself" else ["deleted"])
    kept = str([*AuditRecord.objects.values()])
    assert not [secret for secret in ("1112233", "7654321", "Secret") if secret in kept]
    assert "erased" in panel.get(TRAIL).content.decode()


def test_a_colleague_who_is_erased_leaves_their_deeds_without_a_name(panel: Client) -> None:
    gone, person = factories.staff(username="Gone"), factories.person()
    number = gone.pk
    factories.signed_in(gone).get(f"/api/users/{person.pk}/")

    panel.post(page_of(gone, "delete"), {"post": "yes"})

    assert AuditRecord.objects.get(person_id=person.pk).actor_id == number
    assert panel.get(f"{TRAIL}?person={person.pk}").status_code == 200


# Reading it


def test_the_trail_shows_who_did_what_and_is_found_by_number(panel: Client, api: APIClient) -> None:
    person, other = factories.person(username="Before"), factories.person()
    api.patch(f"/api/users/{person.pk}/", {"username": "After"})
    api.get(f"/api/users/{other.pk}/")

    html = panel.get(TRAIL, {"q": str(person.phone_number)}).content.decode()

    assert "Colleague" in html
    assert "After" in html
    assert page_of(other) not in html
    assert page_of(other) in panel.get(TRAIL).content.decode()
    assert page_of(other) not in panel.get(page_of(person, "history"), follow=True).content.decode()
    assert panel.get(TRAIL, {"q": "nobody"}).status_code == 200


def test_nobody_can_change_the_trail(panel: Client) -> None:
    panel.get(page_of(factories.person()))
    record = AuditRecord.objects.get()

    pages = (f"{TRAIL}add/", f"{TRAIL}{record.pk}/change/", f"{TRAIL}{record.pk}/delete/")
    statuses = [panel.post(page, {"post": "yes", "action": "viewed"}).status_code for page in pages]
    panel.post(TRAIL, {"action": "delete_selected", "_selected_action": [record.pk], "post": "yes"})

    assert statuses == [403, 403, 403]
    assert AuditRecord.objects.filter(pk=record.pk).exists()


def test_only_staff_with_the_right_see_the_trail() -> None:
    user = factories.staff()
    client = browser_of(user)
    assert client.get(TRAIL).status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_auditrecord"))

    assert client.get(TRAIL).status_code == 200


def test_a_persons_trail_is_found_by_an_index(panel: Client) -> None:
    person = factories.person()

    with CaptureQueriesContext(connection) as queries:
        panel.get(f"{TRAIL}?person={person.pk}")

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off" if connection.vendor == "postgresql" else "SELECT 1")
        explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        plans = []
        for query in queries:
            if 'FROM "users_auditrecord"' in query["sql"]:
                cursor.execute(f"{explain} {query['sql']}")
                plans.append(str(cursor.fetchall()))
    assert plans
    assert all("audit_by_person" in plan for plan in plans)


def test_what_is_older_than_a_year_is_purged(panel: Client) -> None:
    panel.get(page_of(factories.person()))
    panel.get(page_of(factories.person()))
    AuditRecord.objects.filter(pk=AuditRecord.objects.latest("id").pk).update(
        at=timezone.now() - timezone.timedelta(days=366)
    )

    call_command("purge")

    assert AuditRecord.objects.count() == 1
