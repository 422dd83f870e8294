"""Actions of staff are recorded; records are read-only and hold no data of erased users."""

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from tests.support import factories
from tests.support.pages import signed_in_browser
from tests.support.panel import (
    AUDIT_TRAIL,
    CODES,
    MESSAGES,
    PEOPLE,
    REFERRALS,
    SIGN_IN_ATTEMPTS,
    panel_client,
    user_page,
)
from tests.support.queries import plan_of
from users.models import AuditRecord, ServiceAccount, SignInAttempt, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def colleague() -> User:
    return factories.create_superuser(username="Colleague")


@pytest.fixture
def panel(colleague: User) -> Client:
    return panel_client(colleague)


@pytest.fixture
def api() -> APIClient:
    return factories.service_client()


def trail() -> list[tuple[str, int | None, Any]]:
    """Return the records in order: action, user id, details."""
    return [*AuditRecord.objects.order_by("id").values_list("action", "person_id", "details")]


# API


def test_api_change_is_recorded_with_old_and_new_values(api: APIClient) -> None:
    person = factories.create_user(username="Before", phone_number="+79991112233")

    api.patch(f"/api/users/{person.public_id}/", {"username": "After", "phone_number": "8 999 765 43 21"})

    changes = {"username": ["Before", "After"], "phone_number": ["+79991112233", "+79997654321"]}
    assert trail() == [("changed", person.pk, changes)]
    record = AuditRecord.objects.get()
    assert record.actor is None
    assert record.service == ServiceAccount.objects.get()
    assert (timezone.now() - record.at).total_seconds() < 60


def test_api_create_replace_view_and_erase_are_recorded(api: APIClient) -> None:
    new = api.post("/api/users/", {"phone_number": "+79991234567", "username": "New"}).json()
    path, row = f"/api/users/{new['id']}/", User.objects.get(public_id=new["id"]).pk
    api.put(path, {"phone_number": "+79991234567"})
    api.get(path)
    api.get("/api/users/?phone_number=%2B79991234567")
    api.delete(path)

    assert [(action, person) for action, person, _ in trail() if action != "listed"] == [
        (action, row) for action in ("created", "changed", "viewed", "deleted")
    ]
    assert ("listed", None, {"ids": [row]}) in trail()


def test_api_list_is_recorded_with_the_listed_users(api: APIClient) -> None:
    people = factories.create_users(3)

    api.get("/api/users/?search=%2B7999")

    ((action, _, details),) = trail()
    assert action == "listed"
    assert {person.pk for person in people} <= set(details["ids"])
    assert "7999" not in str(details)


def test_refused_and_empty_changes_are_not_recorded(api: APIClient) -> None:
    taken, person = factories.create_user(), factories.create_user(username="Same")

    assert api.patch(f"/api/users/{person.public_id}/", {"phone_number": str(taken.phone_number)}).status_code == 409
    assert api.post("/api/users/", {"phone_number": str(taken.phone_number)}).status_code == 409
    assert api.patch(f"/api/users/{person.public_id}/", {"username": "Same"}).status_code == 200

    assert trail() == []


def test_own_actions_of_users_are_not_recorded() -> None:
    phone = factories.phone_number()
    client = factories.authorized_client(f"Token {factories.sign_up(APIClient(), phone)['token']}")
    client.get("/api/profile/")
    client.patch("/api/profile/", {"username": "Me"})
    client.get(f"/api/profile/{phone}/")
    client.delete("/api/profile/")

    assert trail() == []


# Panel


def test_panel_change_is_recorded_with_old_and_new_values(panel: Client) -> None:
    person = factories.create_user(username="Before")
    inviter = factories.create_user()
    group = Group.objects.create(name="Support")
    form = {
        "phone_number": str(person.phone_number),
        "username": "After",
        "is_staff": "on",
        "groups": [group.pk],
        "user_permissions": [Permission.objects.get(codename="view_user").pk],
        "used_referral_code": inviter.referral_code,
    }

    panel.post(user_page(person), form)

    assert trail() == [
        (
            "changed",
            person.pk,
            {
                "username": ["Before", "After"],
                "is_staff": [False, True],
                "groups": [[], ["Support"]],
                "user_permissions": [[], ["view_user"]],
                "used_referral_code": [None, inviter.referral_code],
            },
        )
    ]


def test_password_changes_are_recorded_without_passwords(panel: Client, colleague: User) -> None:
    person = factories.create_user()
    colleague.set_password("a former one")
    colleague.save()
    panel.force_login(colleague)

    panel.post(user_page(person, "password"), {"password1": PASSWORD, "password2": PASSWORD})
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


def test_panel_views_and_exports_are_recorded(panel: Client) -> None:
    inviter = factories.create_user()
    invited = factories.create_user(invited_by=inviter)
    panel.get(user_page(invited))
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


#: Every list of the panel with numbers in it.
LISTS = (PEOPLE, REFERRALS, CODES, MESSAGES, SIGN_IN_ATTEMPTS, AUDIT_TRAIL)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("body", [{}, {"anything": "else"}])
def test_a_list_that_is_shown_after_a_post_is_recorded(panel: Client, path: str, body: dict[str, Any]) -> None:
    factories.sign_up(APIClient(), factories.phone_number(), used_referral_code=factories.create_user().referral_code)
    AuditRecord.objects.create(action="changed", address="")

    page = panel.post(path, body)

    assert page.status_code == 200
    listed = AuditRecord.objects.get(action="listed")
    assert listed.details["ids"] == [row.pk for row in page.context_data["cl"].result_list] != []


def test_forms_with_errors_are_recorded(panel: Client) -> None:
    person, taken = factories.create_user(), factories.create_user()

    invalid = panel.post(user_page(person), {"phone_number": "nonsense"})
    refused = panel.post(user_page(person), {"phone_number": str(taken.phone_number), "is_active": "on"})
    weak = panel.post(user_page(person, "password"), {"password1": "1", "password2": "2"})

    assert [page.status_code for page in (invalid, refused, weak)] == [200, 200, 200]
    assert [(action, about) for action, about, _ in trail()] == [("viewed", person.pk)] * 3


def test_pages_before_a_deletion_are_recorded(panel: Client) -> None:
    first, second = factories.create_user(), factories.create_user()

    one = panel.get(user_page(first, "delete"))
    many = panel.post(PEOPLE, {"action": "delete_selected", "_selected_action": [first.pk, second.pk]})

    assert [page.status_code for page in (one, many)] == [200, 200]
    (action, about, _), (together, _, details) = trail()
    assert (action, about, together) == ("viewed", first.pk, "viewed")
    assert set(details["ids"]) == {first.pk, second.pk}


def test_top_referrers_on_the_dashboard_and_in_the_statistics_are_recorded(panel: Client, api: APIClient) -> None:
    inviter = factories.create_user()
    factories.create_user(invited_by=inviter)

    assert panel.get("/admin/").status_code == 200
    assert api.get("/api/statistics/").status_code == 200

    shown = AuditRecord.objects.filter(action="listed", thing="statistics").order_by("id")
    assert [record.details for record in shown] == [{"ids": [inviter.pk]}] * 2
    assert [record.service is None for record in shown] == [True, False]


def test_a_dashboard_without_numbers_is_not_recorded(panel: Client) -> None:
    staff = factories.create_staff(permissions=())
    factories.create_user(invited_by=factories.create_user())

    assert panel_client(staff).get("/admin/").status_code == 200

    assert trail() == []


def test_unlocking_says_whose_number(panel: Client) -> None:
    person, unknown = factories.create_user(), factories.phone_number()
    for number in (str(person.phone_number), unknown):
        code = factories.request_code(APIClient(), number)
        body = {"phone_number": number, "confirmation_code": factories.wrong_code(code)}
        assert APIClient().post("/api/login/", body).status_code == 400
        Client().post("/admin/login/", {"username": number, "password": "wrong"})
    rows = [*SignInAttempt.objects.values_list("pk", flat=True)]
    locks = [*AccessAttempt.objects.values_list("pk", flat=True)]

    panel.post(SIGN_IN_ATTEMPTS, {"action": "unlock", "_selected_action": rows})
    panel.post("/admin/axes/accessattempt/", {"action": "delete_selected", "_selected_action": locks, "post": "yes"})

    done = [record for record in AuditRecord.objects.all() if record.action in ("changed", "deleted")]
    assert len(done) == 4
    assert sum(record.person_id == person.pk for record in done) == 2
    masked = [record.details["number"] for record in done if record.person_id is None]
    assert masked == [f"{unknown[:5]}*****{unknown[-2:]}"] * 2


@pytest.mark.parametrize("way", ["api", "link", "jwt", "pages"])
def test_staff_who_sign_in_by_a_code_are_recorded(way: str) -> None:
    colleague, person = factories.create_staff(), factories.create_user()
    for user in (person, colleague):
        if way == "pages":
            signed_in_browser(user)
            continue
        asked = APIClient().post("/api/registration/", {"phone_number": str(user.phone_number)}).json()
        code = {"confirmation_code": asked["confirmation_code"]}
        path = {"api": "/api/login/", "jwt": "/api/jwt/", "link": asked["verify_url"]}[way]
        body = code if way == "link" else {**code, "phone_number": str(user.phone_number)}
        assert APIClient().post(path, body).status_code == 200

    record = AuditRecord.objects.get()
    assert (record.action, record.actor, record.details) == ("signed_in", colleague, {"by": "code"})


def test_a_saved_form_records_real_changes_only(panel: Client) -> None:
    person = factories.create_user(username="Same", phone_number="+79991112233")

    panel.post(user_page(person), {"phone_number": "8 999 111-22-33", "username": "Same", "is_active": "on"})
    assert trail() == []
    panel.post(user_page(person), {"phone_number": "8 999 111-22-33", "username": "Other", "is_active": "on"})

    assert trail() == [("changed", person.pk, {"username": ["Same", "Other"]})]


def test_group_permission_changes_are_recorded(panel: Client) -> None:
    right = Permission.objects.get(codename="view_user")

    panel.post("/admin/auth/group/add/", {"name": "Support", "permissions": [right.pk]})
    group = Group.objects.get()
    panel.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})

    created, deleted = AuditRecord.objects.order_by("id")
    assert (created.action, created.details["permissions"]) == ("created", [None, ["view_user"]])
    assert deleted.action == "deleted"
    assert created.thing == deleted.thing == f"group {group.pk}"


def test_panel_sign_in_is_recorded_with_a_digest_of_the_ip() -> None:
    user = factories.create_staff(phone_number="+79990000000", password=PASSWORD)
    form = {"username": "+79990000000", "password": PASSWORD}

    for address in ("203.0.113.9", "203.0.113.9", "198.51.100.7"):
        Client(REMOTE_ADDR=address).post("/admin/login/", form)
    Client().post("/admin/login/", {**form, "password": "wrong"})

    records = AuditRecord.objects.order_by("id")
    assert [(record.action, record.actor) for record in records] == [("signed_in", user)] * 3
    first, second, third = (record.address for record in records)
    assert first == second != third
    assert "203" not in first


# Erasure


@pytest.mark.parametrize("way", ["in bulk", "one", "api", "oneself"])
def test_records_of_an_erased_user_hold_no_personal_data(way: str, panel: Client, api: APIClient) -> None:
    person = factories.create_user(username="Secret", phone_number="+79991112233")
    api.patch(f"/api/users/{person.public_id}/", {"phone_number": "+79997654321"})
    panel.post(user_page(person), {"phone_number": "+79997654321", "username": "Secret too", "is_active": "on"})

    if way == "in bulk":
        panel.post(PEOPLE, {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"})
    elif way == "one":
        panel.post(user_page(person, "delete"), {"post": "yes"})
    elif way == "api":
        api.delete(f"/api/users/{person.public_id}/")
    else:
        factories.api_client(person).delete("/api/profile/")

    assert not User.objects.filter(pk=person.pk).exists()
    records = [record for record in trail() if record[1] == person.pk]
    assert records[:2] == [("changed", person.pk, {"phone_number": None}), ("changed", person.pk, {"username": None})]
    assert [action for action, *_ in records[2:]] == ([] if way == "oneself" else ["deleted"])
    kept = str([*AuditRecord.objects.values()])
    assert not [secret for secret in ("1112233", "7654321", "Secret") if secret in kept]
    assert "erased" in panel.get(AUDIT_TRAIL).content.decode()


def test_records_of_an_erased_staff_member_are_kept_anonymously(panel: Client) -> None:
    gone, person = factories.create_staff(username="Gone"), factories.create_user()
    number = gone.pk
    panel_client(gone).get(user_page(person))

    panel.post(user_page(gone, "delete"), {"post": "yes"})

    assert AuditRecord.objects.get(person_id=person.pk).actor_id == number
    assert panel.get(f"{AUDIT_TRAIL}?person={person.pk}").status_code == 200


# Reading the trail


def test_trail_is_shown_and_searched_by_number(panel: Client, api: APIClient) -> None:
    person, other = factories.create_user(username="Before"), factories.create_user()
    api.patch(f"/api/users/{person.public_id}/", {"username": "After"})
    api.get(f"/api/users/{other.public_id}/")

    html = panel.get(AUDIT_TRAIL, {"q": str(person.phone_number)}).content.decode()

    assert "service " in html
    assert "After" in html
    assert user_page(other) not in html
    assert user_page(other) in panel.get(AUDIT_TRAIL, {"reading": "shown"}).content.decode()
    assert user_page(other) not in panel.get(user_page(person, "history"), follow=True).content.decode()
    assert panel.get(AUDIT_TRAIL, {"q": "nobody"}).status_code == 200


def test_trail_is_read_only(panel: Client) -> None:
    panel.get(user_page(factories.create_user()))
    record = AuditRecord.objects.get()

    pages = (f"{AUDIT_TRAIL}add/", f"{AUDIT_TRAIL}{record.pk}/change/", f"{AUDIT_TRAIL}{record.pk}/delete/")
    statuses = [panel.post(page, {"post": "yes", "action": "viewed"}).status_code for page in pages]
    panel.post(AUDIT_TRAIL, {"action": "delete_selected", "_selected_action": [record.pk], "post": "yes"})

    assert statuses == [403, 403, 403]
    assert AuditRecord.objects.filter(pk=record.pk).exists()


def test_trail_requires_permission() -> None:
    user = factories.create_staff()
    client = panel_client(user)
    assert client.get(AUDIT_TRAIL).status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_auditrecord"))

    assert client.get(AUDIT_TRAIL).status_code == 200


def test_trail_of_a_user_is_read_through_an_index(panel: Client) -> None:
    person = factories.create_user()
    # The planner reads a small table in any way.
    AuditRecord.objects.bulk_create(AuditRecord(person_id=n, action=AuditRecord.Action.CHANGED) for n in range(2000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE users_auditrecord")

    with CaptureQueriesContext(connection) as queries:
        panel.get(f"{AUDIT_TRAIL}?person={person.pk}")

    plans = [plan_of(query["sql"]) for query in queries if 'FROM "users_auditrecord"' in query["sql"]]
    assert plans
    assert [plan for plan in plans if "audit_by_person" not in plan] == []


def test_records_are_purged_after_a_year(panel: Client) -> None:
    panel.get(user_page(factories.create_user()))
    panel.get(user_page(factories.create_user()))
    AuditRecord.objects.filter(pk=AuditRecord.objects.latest("id").pk).update(
        at=timezone.now() - timezone.timedelta(days=366)
    )

    call_command("purge")

    assert AuditRecord.objects.count() == 1
