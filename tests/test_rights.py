"""Who may manage users: the same rule in the API and in the admin panel."""

from itertools import product

import pytest
from django.contrib.auth.models import Permission

from tests.support.factories import MANAGES_USERS, api_client, create_staff, create_superuser, create_user, phone_number
from tests.support.panel import PEOPLE, panel_client, user_page
from users.models import User

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


@pytest.mark.parametrize(("verb", "actor", "target"), MATRIX)
def test_the_api_asks_for_the_permission_of_each_method(verb: str, actor: str, target: str) -> None:
    for method in METHODS[verb]:
        user = TARGETS[target]()
        path = "/api/users/" if verb == "add" else f"/api/users/{user.pk}/"
        body = {"phone_number": phone_number(), "username": "New" if verb == "add" else "After"}
        client = api_client(actor_of(actor, verb))

        answer = getattr(client, method)(path) if verb == "view" else getattr(client, method)(path, body)

        if is_allowed(verb, actor, target):
            assert answer.status_code in (200, 201, 204), answer.content
            assert what_was_done(user) == verb
        else:
            assert answer.status_code == 403
            assert what_was_done(user) == "view"


@pytest.mark.parametrize(("verb", "actor", "target"), MATRIX)
def test_the_panel_asks_for_the_same_permissions(verb: str, actor: str, target: str) -> None:
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


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("get", "users.view_user"),
        ("post", "users.add_user"),
        ("put", "users.change_user"),
        ("patch", "users.change_user"),
        ("delete", "users.delete_user"),
    ],
)
def test_a_refusal_names_the_permission_that_is_missing(method: str, name: str) -> None:
    client = api_client(create_staff(permissions=()))

    answer = getattr(client, method)(f"/api/users/{create_user().pk}/")

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert answer.json()["detail"] == f"You need the permission {name}."


def test_the_documentation_names_the_permission() -> None:
    document = api_client(create_user()).get("/api/schema/?format=json").json()["paths"]

    assert "`users.view_user`" in document["/api/statistics/"]["get"]["description"]
    assert "`users.delete_user`" in document["/api/users/{id}/"]["delete"]["description"]
    assert "staff" not in document["/api/profile/"]["get"]["description"]


def test_permission_to_change_includes_the_one_to_view() -> None:
    user, colleague = create_user(), create_staff(permissions=["change_user"])

    assert api_client(colleague).get(f"/api/users/{user.pk}/").status_code == 200
    assert panel_client(colleague).get(user_page(user)).status_code == 200


@pytest.mark.parametrize("actor", ACTORS)
def test_statistics_and_profiles_of_others_need_the_permission_to_view_users(actor: str) -> None:
    user = create_user()
    client = api_client(actor_of(actor, "view"))

    statistics = client.get("/api/statistics/")
    profile = client.get(f"/api/profile/{user.phone_number}/")

    may_view = is_allowed("view", actor, "ordinary user")
    assert (statistics.status_code, profile.status_code) == ((200, 200) if may_view else (403, 404))


def test_staff_who_were_disabled_manage_nobody() -> None:
    user, colleague = create_user(), create_staff()
    client, browser = api_client(colleague), panel_client(colleague)

    User.objects.filter(pk=colleague.pk).update(is_active=False)

    assert client.get(f"/api/users/{user.pk}/").status_code == 401
    assert browser.get(user_page(user)).status_code == 302


def test_after_adding_a_user_staff_are_led_to_a_page_that_they_may_see() -> None:
    browser = panel_client(create_staff(permissions=["add_user"]))

    answer = browser.post(f"{PEOPLE}add/", {"phone_number": phone_number(), "username": "New"}, follow=True)

    assert answer.status_code == 200
