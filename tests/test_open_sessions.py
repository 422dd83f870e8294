"""People see their open sessions of every kind, and end each of them; so do programs of the host."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.factories import (
    api_client,
    authorized_client,
    create_user,
    phone_number,
    request_code,
    service_client,
    sign_up,
)
from users.models import User, UserSession

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
DAY = timedelta(days=1)


def sessions_of(client: APIClient) -> list[dict[str, Any]]:
    answer = client.get("/api/sessions/")
    assert answer.status_code == 200
    return list(answer.json())


def sign_in(path: str, phone: str, *, agent: str = "", **fields: str) -> Any:
    client = APIClient(REMOTE_ADDR="198.51.100.7", headers={"User-Agent": agent})
    answer = client.post(path, {"phone_number": phone, "confirmation_code": request_code(client, phone), **fields})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_sessions_of_every_kind_are_listed_newest_first(clock: time_machine.Traveller) -> None:
    phone = phone_number()
    pair = sign_in("/api/jwt/", phone, agent="okhttp/4.12.0")
    clock.shift(timedelta(minutes=1))
    browser = pages.anonymous_browser(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="2001:db8:1:2::3")
    pages.sign_in(browser, phone)
    clock.shift(timedelta(minutes=1))
    opened_at = timezone.now()
    token = sign_in("/api/login/", phone, agent=FIREFOX, device="Anna's phone")["token"]
    me = authorized_client(f"Token {token}")
    sign_up(APIClient(), phone_number())

    with CaptureQueriesContext(connection) as queries:
        mine = sessions_of(me)

    assert len(queries) == 2  # whose token it is, and the list
    today = timezone.now().date().isoformat()
    assert [(each["kind"], each["device"], each["address_hint"], each["is_current"]) for each in mine] == [
        ("token", "Anna's phone", "198.51.100.*", True),
        ("web", "Firefox, Linux", "2001:db8:1::/48", False),
        ("jwt", "okhttp", "198.51.100.*", False),
    ]
    assert {each["last_used_on"] for each in mine} == {today}
    assert mine[0]["created_at"] == opened_at.isoformat().replace("+00:00", "Z")
    by_jwt = sessions_of(authorized_client(f"Bearer {pair['access']}"))
    assert [each["is_current"] for each in by_jwt] == [False, False, True]


def test_the_user_agent_stands_in_where_nothing_is_known_about_it() -> None:
    token = sign_in("/api/login/", phone_number(), agent="strange agent " + "x" * 1_000)["token"]

    (mine,) = sessions_of(authorized_client(f"Token {token}"))

    assert mine["device"].startswith("strange agent xxx")
    assert len(mine["device"]) == 64


@pytest.mark.parametrize("device", ["x" * 65, "two\nlines"])
def test_a_device_without_a_readable_name_is_refused(client: APIClient, device: str) -> None:
    body = {"phone_number": phone_number(), "confirmation_code": "0000", "device": device}

    refused = client.post("/api/login/", body)

    assert (refused.status_code, [*refused.json()["errors"]]) == (400, ["device"])


@pytest.mark.parametrize("kind", ["token", "jwt", "web"])
def test_each_session_can_be_ended_at_once(kind: str) -> None:
    anna = create_user()
    me, phone = api_client(anna), str(anna.phone_number)
    token = sign_in("/api/login/", phone)["token"]
    pair = sign_in("/api/jwt/", phone)
    browser = pages.signed_in_browser(anna)
    opened = {
        "token": lambda: authorized_client(f"Token {token}").get("/api/profile/").status_code == 200,
        "jwt": lambda: APIClient().post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 200,
        "web": lambda: browser.get("/profile/").status_code == 200,
    }
    found = next(each for each in sessions_of(me) if each["kind"] == kind and not each["is_current"])

    assert me.delete(f"/api/sessions/{found['id']}/").status_code == 204

    assert [name for name, is_open in opened.items() if not is_open()] == [kind]
    assert found["id"] not in [each["id"] for each in sessions_of(me)]
    assert me.delete(f"/api/sessions/{found['id']}/").status_code == 404


def test_a_renewed_jwt_session_can_be_ended_too() -> None:
    anna = create_user()
    pair = sign_in("/api/jwt/", str(anna.phone_number))
    pair = APIClient().post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).json()
    me = authorized_client(f"Bearer {pair['access']}")
    (mine,) = sessions_of(me)

    assert me.delete(f"/api/sessions/{mine['id']}/").status_code == 204

    assert APIClient().post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).json()["code"] == "session_ended"


def test_sessions_of_other_people_are_not_found() -> None:
    anna, boris = api_client(create_user()), api_client(create_user())
    (of_boris,) = sessions_of(boris)

    assert anna.delete(f"/api/sessions/{of_boris['id']}/").status_code == 404
    assert anna.delete(f"/api/sessions/{uuid4()}/").status_code == 404
    assert sessions_of(boris) == [of_boris]
    assert APIClient().get("/api/sessions/").status_code == 401


def test_a_session_that_signs_out_leaves_the_list() -> None:
    anna = create_user()
    me, other = api_client(anna), api_client(anna)
    pair, browser = sign_in("/api/jwt/", str(anna.phone_number)), pages.signed_in_browser(anna)
    assert len(sessions_of(me)) == 4

    other.post("/api/logout/")
    APIClient().post("/api/jwt/logout/", {"refresh": pair["refresh"]})
    pages.submit_form(browser, "/settings/sign-out/", {}, page="/settings/")

    assert [each["is_current"] for each in sessions_of(me)] == [True]


def test_use_is_written_down_once_a_day(clock: time_machine.Traveller) -> None:
    clock.move_to(timezone.now().replace(hour=12))
    anna = create_user()
    by_token, browser = api_client(anna), pages.signed_in_browser(anna)
    pair = sign_in("/api/jwt/", str(anna.phone_number))

    def use() -> int:
        with CaptureQueriesContext(connection) as queries:
            by_token.get("/api/profile/")
            browser.get("/settings/")
            pair.update(APIClient().post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).json())
        return sum("INTO users_usersession" in query["sql"] for query in queries)

    use()
    assert use() == 0
    clock.shift(DAY)
    assert use() == 3
    assert use() == 0
    used_on = [each["last_used_on"] for each in sessions_of(by_token)]
    assert used_on == [timezone.now().date().isoformat()] * 3


def test_a_token_without_a_row_is_listed_from_its_next_use() -> None:
    """As the release before stores one."""
    _, token = AuthToken.objects.create(create_user())
    me = authorized_client(f"Bearer {token}")

    (mine,) = sessions_of(me)

    assert (mine["kind"], mine["is_current"]) == ("token", True)


def test_a_token_that_the_release_before_ends_is_not_listed() -> None:
    anna = create_user()
    me = api_client(anna)
    _, token = AuthToken.objects.create(anna)
    authorized_client(f"Token {token}").get("/api/profile/")
    assert len(sessions_of(me)) == 2

    AuthToken.objects.order_by("created").last().delete()

    assert len(sessions_of(me)) == 1


def test_programs_of_the_host_see_and_end_the_sessions_of_a_person(service_client: APIClient) -> None:
    anna = create_user()
    path, me, browser = f"/api/users/{anna.public_id}/sessions/", api_client(anna), pages.signed_in_browser(anna)

    listed = service_client.get(path)

    assert [(each["kind"], each["is_current"]) for each in listed.json()] == [("web", False), ("token", False)]
    assert service_client.delete(path).status_code == 204
    assert me.get("/api/profile/").status_code == 401
    assert browser.get("/profile/").status_code == 302
    assert service_client.get(path).json() == []


def test_programs_need_the_scope_and_end_no_session_of_staff() -> None:
    boss = create_user(is_staff=True)
    path = f"/api/users/{boss.public_id}/sessions/"

    assert service_client("people:read").get(path).status_code == 200
    assert service_client("people:read").delete(path).json()["code"] == "scope_missing"
    assert service_client().delete(path).json()["code"] == "permission_denied"
    assert api_client(boss).get(path).json()["code"] == "service_key_required"


def test_the_data_of_a_person_has_all_their_sessions() -> None:
    anna = create_user()
    sign_in("/api/jwt/", str(anna.phone_number))
    pages.signed_in_browser(anna)

    export = json.loads(api_client(anna).get("/api/profile/export/").getvalue())

    assert sorted(each["kind"] for each in export["sessions"]) == ["jwt", "token", "web"]


def test_rows_of_expired_sessions_are_purged(clock: time_machine.Traveller) -> None:
    anna = create_user()
    api_client(anna)
    sign_in("/api/jwt/", str(anna.phone_number))
    pages.signed_in_browser(anna)
    assert UserSession.objects.count() == 3

    clock.shift(32 * DAY)
    call_command("purge")

    assert UserSession.objects.count() == 0


def test_a_browser_session_ends_when_it_was_to_end(clock: time_machine.Traveller) -> None:
    browser = pages.signed_in_browser(create_user())

    for _ in range(14):
        assert browser.get("/profile/").status_code == 200
        clock.shift(DAY)

    assert browser.get("/profile/").status_code == 302


def test_a_browser_of_the_panel_is_listed(admin_client: Client) -> None:
    boss = User.objects.get()
    admin_client.get("/admin/")

    kinds = [each["kind"] for each in sessions_of(api_client(boss))]

    assert sorted(kinds) == ["token", "web"]
