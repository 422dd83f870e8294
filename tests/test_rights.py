"""Who may manage users: staff in the admin panel, by permissions, and services in the API, by scopes."""

from itertools import product

import pytest
from django.contrib.auth.models import Permission

from tests.support.factories import (
    MANAGES_USERS,
    api_client,
    authorized_client,
    create_staff,
    create_superuser,
    create_user,
    phone_number,
    service_client,
)
from tests.support.panel import PEOPLE, panel_client, user_page
from users.models import User
from users.people.jwt_sessions import open_jwt_session

pytestmark = pytest.mark.django_db

TARGETS = {
    "ordinary user": lambda: create_user(username="Before"),
    "staff": lambda: create_staff(username="Before"),
    "superuser": lambda: create_superuser(username="Before"),
    "superuser who is not staff": lambda: create_user(username="Before", is_superuser=True),
}
VERBS = ("view", "add", "change", "delete")
ACTORS = ("not staff", "without permission", "with permission", "superuser")
#: What staff with the permission of the verb may do to whom; to add a user concerns no other one.
ALLOWED = {(verb, "ordinary user") for verb in VERBS} | set(product(["view", "add"], TARGETS))
MATRIX = list(product(VERBS, ACTORS, TARGETS))
METHODS = {"view": ("get", "head", "options"), "add": ("post",), "change": ("put", "patch"), "delete": ("delete",)}


def actor_of(kind: str, verb: str) -> User:
    """A user of the panel or API; "without permission" means with all the others, as far as none includes this one."""
    needed = f"{verb}_user"
    others = set(MANAGES_USERS) - {needed} - ({"change_user"} if verb == "view" else set())
    if kind == "not staff":
        actor = create_user()
        actor.user_permissions.set(Permission.objects.all())
        return actor
    if kind == "superuser":
        return create_superuser()
    return create_staff(permissions=[needed] if kind == "with permission" else others)


def is_allowed(verb: str, actor: str, target: str) -> bool:
    return actor == "superuser" or (actor == "with permission" and (verb, target) in ALLOWED)


def what_was_done(target: User) -> str:
    if User.objects.filter(username="New").exists():
        return "add"
    if not User.objects.filter(pk=target.pk).exists():
        return "delete"
    target.refresh_from_db()
    return "view" if target.username == "Before" else "change"


@pytest.mark.parametrize(("verb", "target"), product(VERBS, TARGETS))
@pytest.mark.parametrize("scope", ["people:read", "people:write", "statistics:read"])
def test_services_have_the_scope_of_each_method_and_change_no_staff(verb: str, target: str, scope: str) -> None:
    needed = "people:read" if verb == "view" else "people:write"
    for method in METHODS[verb]:
        user = TARGETS[target]()
        path = "/api/users/" if verb == "add" else f"/api/users/{user.public_id}/"
        body = {"phone_number": phone_number(), "username": "New" if verb == "add" else "After"}
        client = service_client(scope)

        answer = getattr(client, method)(path) if verb == "view" else getattr(client, method)(path, body)

        if method == "options":
            assert answer.status_code == 200
        elif scope == needed and (verb, target) in ALLOWED:
            assert answer.status_code in (200, 201, 204), answer.content
            assert what_was_done(user) == verb
        else:
            assert answer.status_code == 403
            assert what_was_done(user) == "view"


@pytest.mark.parametrize("actor", ACTORS)
def test_no_session_of_a_person_has_rights_of_staff_in_the_api(actor: str) -> None:
    other, me = create_user(username="Before"), actor_of(actor, "change")
    jwt = authorized_client(f"Bearer {open_jwt_session(me).access_token}")
    body = {"phone_number": phone_number(), "username": "After"}

    for client in (api_client(me), jwt):
        refused = [
            client.get("/api/users/"),
            client.post("/api/users/", {**body, "username": "New"}),
            *[
                getattr(client, method)(f"/api/users/{other.public_id}/", body)
                for method in ("get", "put", "patch", "delete")
            ],
            client.get("/api/statistics/"),
            client.get("/api/service/"),
        ]
        hidden = [
            client.get(f"/api/profile/{other.phone_number}/"),
            client.patch(f"/api/profile/{other.phone_number}/"),
        ]

        assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(403, "service_key_required")}
        assert {answer.status_code for answer in hidden} == {404}
        assert client.get(f"/api/profile/{me.phone_number}/").status_code == 200
    assert what_was_done(other) == "view"


@pytest.mark.parametrize(("verb", "actor", "target"), MATRIX)
def test_the_panel_asks_for_the_permission_of_each_action(verb: str, actor: str, target: str) -> None:
    user = TARGETS[target]()
    browser = panel_client(actor_of(actor, verb))
    change = {"phone_number": str(user.phone_number), "username": "After", "is_active": "on"}
    new = {"phone_number": phone_number(), "username": "New"}

    answer = {
        "view": lambda: browser.get(user_page(user)),
        "add": lambda: browser.post(f"{PEOPLE}add/", new),
        "change": lambda: browser.post(user_page(user), change),
        "delete": lambda: browser.post(user_page(user, "delete"), {"post": "yes"}),
    }[verb]()

    if is_allowed(verb, actor, target):
        assert answer.status_code == (200 if verb == "view" else 302)
        assert what_was_done(user) == verb
    else:
        assert answer.status_code == (302 if actor == "not staff" else 403)  # others are led to the sign-in form
        assert what_was_done(user) == "view"


def test_permission_to_change_includes_the_one_to_view() -> None:
    user, colleague = create_user(), create_staff(permissions=["change_user"])

    assert panel_client(colleague).get(user_page(user)).status_code == 200


@pytest.mark.parametrize(("actor", "target"), product(ACTORS, TARGETS))
def test_only_superusers_export_the_personal_data_of_staff(actor: str, target: str) -> None:
    user = TARGETS[target]()
    browser = panel_client(actor_of(actor, "view"))

    answer = browser.get(user_page(user, "personal-data"))

    if actor == "superuser" or (actor == "with permission" and target == "ordinary user"):
        assert str(user.phone_number) in b"".join(answer).decode()
    else:
        assert answer.status_code == (302 if actor == "not staff" else 403)
    shown = browser.get(user_page(user))
    assert shown.status_code != 200 or (user_page(user, "personal-data") in shown.content.decode()) == (
        answer.status_code == 200
    )


def test_staff_who_were_disabled_manage_nobody() -> None:
    user, colleague = create_user(), create_staff()
    browser = panel_client(colleague)

    User.objects.filter(pk=colleague.pk).update(is_active=False)

    assert browser.get(user_page(user)).status_code == 302


def test_after_adding_a_user_staff_are_led_to_a_page_that_they_may_see() -> None:
    browser = panel_client(create_staff(permissions=["add_user"]))

    answer = browser.post(f"{PEOPLE}add/", {"phone_number": phone_number(), "username": "New"}, follow=True)

    assert answer.status_code == 200
