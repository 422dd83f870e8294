"""Service keys: made, shown once, compared, limited by scope and network, replaced, revoked."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.concurrency import run_concurrently
from tests.support.factories import authorized_client, create_staff, create_user, service_client, service_key
from tests.support.panel import AUDIT_TRAIL, panel_client
from tests.support.queries import plan_for_large_tables
from tests.support.tables import tables_with
from users.models import AuditRecord, Scope, ServiceAccount, ServiceKey

pytestmark = pytest.mark.django_db

SERVICE = "/api/service/"
ACCOUNTS, KEYS = "/admin/users/serviceaccount/", "/admin/users/servicekey/"
#: As docs/security.md gives it to scanners of secrets.
PATTERN = re.compile(r"\brsk_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}\b")
METHODS = {"get", "post", "put", "patch", "delete"}


def send(key: str, **options: Any) -> Any:
    return authorized_client(f"Key {key}").get(SERVICE, **options)


def run(*arguments: str) -> list[str]:
    """Run the command and return the lines that it printed."""
    output = io.StringIO()
    call_command("service_key", *arguments, stdout=output)
    return output.getvalue().splitlines()


# What a key is


def test_a_key_has_the_documented_form_and_is_stored_as_a_digest_only() -> None:
    key = service_key("people:read")

    assert PATTERN.fullmatch(key)
    secret = key.rpartition("_")[2]
    assert send(key).status_code == 200
    assert tables_with(secret) == set()
    assert tables_with(key[:12]) == {"users_servicekey"}


def test_a_service_is_told_who_it_is() -> None:
    key = service_key("people:write", "statistics:read")
    record = ServiceKey.objects.get()

    assert send(key).json() == {
        "name": record.account.name,
        "scopes": ["people:write", "statistics:read"],
        "key_prefix": key[:12],
        "expires_at": record.expires_at.isoformat().replace("+00:00", "Z"),
    }


@pytest.mark.parametrize(
    "authorization", ["", "Key", "Key ", "Key nonsense", "Basic YTpi", "Key rsk_", "Key \x00", "rsk"]
)
def test_what_is_no_key_is_refused(authorization: str) -> None:
    answer = APIClient().get(SERVICE, headers={"Authorization": authorization} if authorization else {})

    assert (answer.status_code, answer.json()["code"]) == (401, "service_key_invalid")
    assert answer["WWW-Authenticate"] == "Key"


@pytest.mark.parametrize("what", ["last character", "prefix", "case"])
def test_an_altered_key_is_refused(what: str) -> None:
    key = service_key()
    altered = {
        "last character": key[:-1] + ("a" if key[-1] != "a" else "b"),
        "prefix": "rsk_AAAAAAAA" + key[12:],
        "case": key.swapcase(),
    }[what]

    assert send(key).status_code == 200
    assert send(altered).status_code == 401


def test_a_key_ends_when_it_expires(clock: time_machine.Traveller) -> None:
    key = service_key(days=30)

    clock.shift(timedelta(days=30, seconds=-1))
    assert send(key).status_code == 200
    clock.shift(2)
    assert send(key).json()["code"] == "service_key_invalid"


def test_an_account_that_is_switched_off_is_refused_at_once() -> None:
    key = service_key()

    ServiceAccount.objects.update(is_active=False)

    assert send(key).json()["code"] == "service_key_invalid"


@pytest.mark.parametrize(
    ("networks", "address", "status"),
    [
        ([], "203.0.113.9", 200),
        (["203.0.113.0/24"], "203.0.113.9", 200),
        (["203.0.113.0/24"], "203.0.114.9", 401),
        (["198.51.100.0/24", "2001:db8:1::/48"], "2001:db8:1:7::5", 200),
        (["2001:db8:1:7::5/128"], "2001:db8:1:7::6", 401),
        (["203.0.113.9/32"], "::ffff:203.0.113.9", 200),
        (["0.0.0.0/0"], "2001:db8::1", 401),
        (["203.0.113.0/24"], "unix", 401),
    ],
)
def test_a_key_is_accepted_from_its_networks_only(networks: list[str], address: str, status: int) -> None:
    key = service_key(networks=networks)

    assert send(key, REMOTE_ADDR=address).status_code == status


def test_a_client_cannot_name_a_network_of_the_key(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    key = service_key(networks=["203.0.113.0/24"])

    pretended = "203.0.113.9, 198.51.100.7"
    assert send(key, headers={"X-Forwarded-For": pretended}).status_code == 401


def test_the_last_use_is_written_once_an_hour(clock: time_machine.Traveller) -> None:
    key = service_key()
    written = []
    for minutes in (0, 1, 58, 2, 30, 31):
        clock.shift(timedelta(minutes=minutes))
        assert send(key).status_code == 200
        written.append(ServiceKey.objects.get().last_used_at)

    assert written[0] == written[1] == written[2] < written[3] == written[4] < written[5]


def test_a_key_is_found_by_an_index() -> None:
    plan = plan_for_large_tables("SELECT * FROM users_servicekey WHERE digest = 'x'")

    assert re.search(r"Index Scan|USING INDEX", plan)


# Scopes


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield method, path, operation


OPERATIONS = [*operations()]
ALL = {f"{method} {path}": operation for method, path, operation in sorted(OPERATIONS, key=str)}


def call(client: APIClient, name: str) -> Any:
    method, path = name.split()
    any_uuid = "00000000-0000-4000-8000-000000000000"
    example = {"verification_token": any_uuid, "referral_code": "AAAAAA", "id": any_uuid}
    concrete = re.sub(r"\{(\w+)\}", lambda found: example.get(found[1], "0"), path)
    return getattr(client, method)(concrete, {} if method != "get" else None)


@pytest.mark.parametrize("name", ALL)
def test_each_operation_is_reached_by_the_scopes_it_names_and_by_no_other(name: str) -> None:
    operation = ALL[name]
    security = [scheme for each in operation.get("security", ()) for scheme in each]
    reached_by = {scope for scope in Scope.values if call(service_client(scope), name).status_code not in (401, 403)}

    if "x-scopes" in operation:
        assert security == ["serviceKey"]
        assert reached_by == set(operation["x-scopes"] or Scope.values)
        assert all(f"`{scope}`" in operation["description"] for scope in operation["x-scopes"])
    elif security:
        assert security == ["token", "jwt"]
        assert reached_by == set()
    else:
        assert call(APIClient(), name).status_code not in (401, 403)  # for anyone: credentials are not read


def test_the_profile_takes_no_service_key() -> None:
    of_persons = {name for name, operation in ALL.items() if "token" in str(operation.get("security"))}

    assert {name for name in ALL if "/api/profile/" in name} <= of_persons
    for name in of_persons:
        answer = call(service_client(), name)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_a_refusal_names_the_scope_that_is_missing() -> None:
    answer = service_client("people:read", "statistics:read").post("/api/users/", {"phone_number": "+79991234567"})

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert answer.json()["scope"] == "people:write"
    assert "people:write" in answer.json()["detail"]


def test_a_scope_that_is_taken_away_is_gone_at_once() -> None:
    client = service_client("people:read")
    assert client.get("/api/users/").status_code == 200

    ServiceAccount.objects.update(scopes=["statistics:read"])

    assert client.get("/api/users/").json()["code"] == "scope_missing"


# The command


def test_the_command_prints_the_key_alone_on_its_last_line() -> None:
    key = run("create", "shop", "--scope", "people:read", "--scope", "people:write")[-1]

    assert PATTERN.fullmatch(key)
    assert send(key).json()["scopes"] == ["people:read", "people:write"]
    lifetime = ServiceKey.objects.get().expires_at - timezone.now()
    assert timedelta(days=364, hours=23) < lifetime <= timedelta(days=365)


def test_keys_are_replaced_without_a_gap() -> None:
    old = run("create", "shop", "--scope", "people:read", "--days", "30")[-1]
    new = run("create", "shop")[-1]
    assert [send(key).status_code for key in (old, new)] == [200, 200]

    run("revoke", old[:12])

    assert [send(key).status_code for key in (old, new)] == [401, 200]
    assert ServiceAccount.objects.count() == 1


def test_the_command_lists_keys_without_their_secrets() -> None:
    keys = [
        run("create", "shop", "--scope", "people:read", "--network", "203.0.113.0/24")[-1],
        run("create", "shop")[-1],
    ]
    run("revoke", keys[0])

    first, second = run("list")

    assert first.startswith(f"{keys[0][:12]}  invalid  shop")
    assert second.startswith(f"{keys[1][:12]}  valid    shop")
    assert not any(key[13:] in line for key in keys for line in (first, second))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["create", "shop"], "needs a --scope"),
        (["create", "shop", "--scope", "everything"], "invalid choice"),
        (["create", "shop", "--scope", "people:read", "--days", "0"], "a number of days"),
        (["create", "shop", "--scope", "people:read", "--days", "x"], "a number of days"),
        (["create", "shop", "--scope", "people:read", "--network", "203.0.113.9/24"], "no network"),
        (["create", "known", "--scope", "people:write"], "has the scopes people:read"),
        (["revoke", "rsk_unknown_"], "No key begins with"),
    ],
)
def test_the_command_refuses_with_a_reason(arguments: list[str], reason: str) -> None:
    run("create", "known", "--scope", "people:read")

    with pytest.raises(CommandError, match=reason):
        run(*arguments)

    assert ServiceKey.objects.count() == 1


def test_what_the_command_does_is_in_the_audit_trail(admin_client: Client) -> None:
    key = run("create", "shop", "--scope", "people:read")[-1]
    run("revoke", key[:12])

    assert [*AuditRecord.objects.order_by("id").values_list("action", "actor", "service")] == [
        ("created", None, None),
        ("created", None, None),
        ("changed", None, None),
    ]
    html = admin_client.get(AUDIT_TRAIL).content.decode()
    assert "a command" in html
    assert key[:12] in html


# The panel


def make_account(browser: Client, *scopes: str) -> ServiceAccount:
    answer = browser.post(f"{ACCOUNTS}add/", {"name": "shop", "scopes": scopes, "is_active": "on"})
    assert answer.status_code == 302, answer.content
    return ServiceAccount.objects.get(name="shop")


def make_key(browser: Client, account: ServiceAccount, **fields: str) -> str:
    answer = browser.post(f"{KEYS}add/", {"account": account.pk, "days": "90", "networks": "", **fields})
    shown = PATTERN.findall(answer.content.decode())
    assert len(shown) == 1, answer.content
    assert "no-store" in answer["Cache-Control"]
    return str(shown[0])


def test_a_superuser_makes_a_key_in_the_panel_and_sees_it_once(admin_client: Client) -> None:
    account = make_account(admin_client, "people:read", "statistics:read")
    key = make_key(admin_client, account, networks="127.0.0.0/8 2001:db8::/32")

    assert send(key).json()["scopes"] == ["people:read", "statistics:read"]
    assert send(key, REMOTE_ADDR="203.0.113.9").status_code == 401
    assert account.created_by is not None
    record = ServiceKey.objects.get()
    pages = [
        ACCOUNTS,
        KEYS,
        f"{KEYS}{record.pk}/change/",
        f"{ACCOUNTS}{account.pk}/change/",
        AUDIT_TRAIL,
        f"{AUDIT_TRAIL}export/",
    ]
    for page in pages:
        answer = admin_client.get(page)
        text = (b"".join(answer) if answer.streaming else answer.content).decode()
        assert answer.status_code == 200
        assert key[13:] not in text
        assert record.digest not in text
    assert key[:12] in admin_client.get(AUDIT_TRAIL).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("days", "0"), ("days", ""), ("days", "99999"), ("networks", "here"), ("networks", "10.0.0.1/8")],
)
def test_an_invalid_form_makes_no_key(admin_client: Client, field: str, value: str) -> None:
    account = make_account(admin_client, "people:read")

    answer = admin_client.post(f"{KEYS}add/", {"account": account.pk, "days": "90", "networks": "", field: value})

    assert answer.status_code == 200
    assert not ServiceKey.objects.exists()


def test_keys_are_revoked_in_the_panel(admin_client: Client) -> None:
    key = service_key()

    admin_client.post(KEYS, {"action": "revoke", "_selected_action": [ServiceKey.objects.get().pk]})

    assert send(key).status_code == 401
    assert AuditRecord.objects.filter(details__revoked=key[:12]).count() == 1


def test_services_are_for_superusers_with_their_second_factor(admin_client: Client, settings: Settings) -> None:
    service_key()
    account, record = ServiceAccount.objects.get(), ServiceKey.objects.get()
    pages = [
        ACCOUNTS,
        f"{ACCOUNTS}add/",
        f"{ACCOUNTS}{account.pk}/change/",
        KEYS,
        f"{KEYS}add/",
        f"{KEYS}{record.pk}/change/",
    ]
    staff = panel_client(create_staff())

    assert {staff.get(page).status_code for page in pages} == {403}
    assert {admin_client.get(page).status_code for page in pages} == {200}
    settings.STAFF_SECOND_FACTOR = True
    assert {admin_client.get(page).status_code for page in pages} == {302}
    assert admin_client.post(f"{KEYS}add/", {"account": account.pk, "days": "90"}).status_code == 302
    assert ServiceKey.objects.count() == 1


# Traces


def test_what_a_service_did_is_found_by_its_account(admin_client: Client) -> None:
    person = create_user(username="Found")
    first, second = service_client(), service_client()
    first.get(f"/api/users/{person.public_id}/")
    second.get(f"/api/users/{create_user(username='Other').public_id}/")

    account = AuditRecord.objects.get(person=person).service
    html = admin_client.get(f"{AUDIT_TRAIL}?service={account.pk}&reading=shown").content.decode()

    assert account.name in html
    assert "Found" in html
    assert "Other" not in html


def test_keys_are_purged_with_the_audit_trail(clock: time_machine.Traveller, settings: Settings) -> None:
    for days in (10, 600):
        service_key(days=days)
    kept = ServiceKey.objects.latest("id")

    clock.shift(timedelta(days=11 + settings.AUDIT_TRAIL_DAYS))
    call_command("purge")

    assert ServiceKey.objects.get() == kept


@pytest.mark.django_db(transaction=True)
def test_rotation_under_load_gives_no_401() -> None:
    old = run("create", "shop", "--scope", "people:read")[-1]
    key = {"now": old}

    def rotate() -> list[int]:
        key["now"] = run("create", "shop")[-1]
        return [send(key["now"]).status_code]

    def use() -> list[int]:
        return [send(key["now"]).status_code for _ in range(10)]

    statuses = [status for each in run_concurrently(use, use, rotate, use) for status in each]
    run("revoke", old[:12])

    assert set(statuses) == {200}
    assert send(key["now"]).status_code == 200
    assert send(old).status_code == 401
