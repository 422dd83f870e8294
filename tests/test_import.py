"""Import of people whom the host knows already, by the API and by `manage.py import_people`."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR
from tests.support.api import activate_code
from tests.support.concurrency import run_concurrently
from tests.support.factories import api_client, create_staff, create_user, phone_number, service_client, sign_up
from tests.support.servers import wait_until
from users.models import AuditRecord, Referral, Scope, User
from users.people.erasure import erase

pytestmark = pytest.mark.django_db


def send(rows: list[Any], **fields: Any) -> dict[str, Any]:
    answer = service_client().post("/api/users/import/", {"rows": rows, **fields})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def counts(outcome: dict[str, Any]) -> tuple[int, int, int]:
    return outcome["created"], outcome["updated"], outcome["unchanged"]


def refusals(outcome: dict[str, Any]) -> list[tuple[int, str, bool]]:
    return [(each["index"], each["code"], each["saved"]) for each in outcome["refused"]]


def test_people_are_imported_with_everything_that_is_known_about_them(client: APIClient) -> None:
    anna, boris = phone_number(), phone_number()

    outcome = send(
        [
            # The invited person comes first: the order does not matter.
            {"phone_number": boris, "used_referral_code": "anna-2024", "registered_at": "2024-03-02T10:00:00+03:00"},
            {
                "phone_number": f"8{anna[2:]}",
                "username": "  Анна   Каренина ",
                "external_id": "shop-1",
                "registered_at": "2024-03-01T09:30:00",
                "referral_code": "Anna2024",
            },
        ]
    )

    assert counts(outcome) == (2, 0, 0)
    assert outcome["refused"] == []
    found = User.objects.get(phone_number=anna)
    assert (found.username, found.external_id, found.referral_code) == ("Анна Каренина", "shop-1", "ANNA2024")
    assert found.registered_at.isoformat() == "2024-03-01T09:30:00+00:00"
    assert found.public_id.int >> 80 == found.registered_at.timestamp() * 1_000
    assert found.referrals_count == 1
    assert Referral.objects.get().activated_at == User.objects.get(phone_number=boris).registered_at
    signed_in = sign_up(client, boris)
    assert (signed_in["is_new_user"], signed_in["profile"]["used_referral_code"]) == (False, "ANNA2024")


@pytest.mark.parametrize("text", ["NULL", 'Anna "Ann" O\\Hara', "{a,b}", "'; --", "%s", "Ёлка, 1", "\\"])
def test_a_text_is_stored_as_it_is(text: str) -> None:
    send([{"phone_number": phone_number(), "username": text, "external_id": text}])

    assert User.objects.values_list("username", "external_id").get() == (text, text)


def test_a_repeated_import_changes_nothing_and_a_changed_row_only_what_it_says() -> None:
    phone = phone_number()
    row = {"phone_number": phone, "username": "Anna", "external_id": "shop-1"}
    send([row])
    before = User.objects.values().get()

    assert counts(send([row])) == (0, 0, 1)
    assert User.objects.values().get() == before
    assert counts(send([{"phone_number": phone, "username": "Anna K.", "external_id": None}])) == (0, 1, 0)
    anna = User.objects.get()
    assert (anna.username, anna.external_id, anna.referral_code) == ("Anna K.", "shop-1", before["referral_code"])


def test_a_known_person_can_be_given_an_invitation_once() -> None:
    anna, boris, other = create_user(), create_user(), create_user()
    row = {"phone_number": str(boris.phone_number), "used_referral_code": anna.referral_code}

    assert counts(send([row])) == (0, 1, 0)
    assert counts(send([row])) == (0, 0, 1)
    again = send([{**row, "used_referral_code": other.referral_code}])

    assert refusals(again) == [(0, "already_activated", True)]
    anna.refresh_from_db()
    assert anna.referrals_count == 1


def test_each_row_is_refused_by_itself() -> None:
    known, boss = create_user(external_id="shop-1"), create_staff()
    erased = create_user()
    erase(user=erased)
    good = phone_number()
    rows: list[dict[str, Any]] = [
        {"phone_number": good},
        {"phone_number": "not a number"},
        {"username": "Nobody"},
        {"phone_number": phone_number(), "nickname": "x"},
        {"phone_number": phone_number(), "username": "=1+1"},
        {"phone_number": phone_number(), "username": 5},
        {"phone_number": phone_number(), "external_id": "x" * 129},
        {"phone_number": phone_number(), "registered_at": "yesterday"},
        {"phone_number": phone_number(), "registered_at": "2999-01-01T00:00:00Z"},
        {"phone_number": phone_number(), "referral_code": "x" * 13},
        {"phone_number": f" {good} "},
        {"phone_number": phone_number(), "external_id": "shop-1"},
        {"phone_number": phone_number(), "external_id": "twice"},
        {"phone_number": phone_number(), "external_id": "twice"},
        {"phone_number": phone_number(), "referral_code": known.referral_code},
        {"phone_number": phone_number(), "referral_code": erased.referral_code},
        {"phone_number": str(known.phone_number), "referral_code": "OTHER"},
        {"phone_number": str(boss.phone_number), "username": "Mallory"},
        {},
    ]

    outcome = send(rows)

    assert counts(outcome) == (2, 0, 0)
    assert refusals(outcome) == [
        *[(index, "invalid_input", False) for index in range(1, 10)],
        (10, "row_repeated", False),
        (11, "external_id_taken", False),
        (13, "external_id_taken", False),
        (14, "referral_code_taken", False),
        (15, "referral_code_taken", False),
        (16, "referral_code_fixed", False),
        (17, "staff_protected", False),
        (18, "invalid_input", False),
    ]
    errors = [next(iter(each["errors"].items()), ("", [{}])) for each in outcome["refused"]]
    assert [(name, found[0].get("code")) for name, found in errors][:9] == [
        ("phone_number", "phone_number_invalid"),
        ("phone_number", "required"),
        ("nickname", "unknown_field"),
        ("username", "username_invalid"),
        ("username", "invalid"),
        ("external_id", "max_length"),
        ("registered_at", "invalid"),
        ("registered_at", "invalid"),
        ("referral_code", "referral_code_invalid"),
    ]


def test_invitations_keep_the_rules() -> None:
    gone = phone_number()
    erase(user=create_user(phone_number=gone))
    numbers = [phone_number() for _ in range(5)]
    inviter, disabled = create_user(), create_user(is_active=False)

    outcome = send(
        [
            {"phone_number": numbers[0], "referral_code": "AAA", "used_referral_code": "CCC"},
            {"phone_number": numbers[1], "referral_code": "BBB", "used_referral_code": "AAA"},
            {"phone_number": numbers[2], "referral_code": "CCC", "used_referral_code": "BBB"},
            {"phone_number": numbers[3], "referral_code": "DDD", "used_referral_code": "ddd"},
            {"phone_number": numbers[4], "used_referral_code": "NONE"},
            {"phone_number": gone, "used_referral_code": inviter.referral_code},
            {"phone_number": phone_number(), "used_referral_code": disabled.referral_code},
        ]
    )

    assert counts(outcome) == (7, 0, 0)
    assert refusals(outcome) == [
        (2, "referral_circle", True),
        (3, "own_referral_code", True),
        (4, "referral_code_not_found", True),
        (5, "number_was_here_before", True),
        (6, "referral_code_not_found", True),
    ]
    assert sorted(Referral.objects.values_list("referral_code", flat=True)) == ["AAA", "CCC"]
    assert sorted(User.objects.filter(referrals_count=1).values_list("referral_code", flat=True)) == ["AAA", "CCC"]


def test_a_circle_through_people_who_are_here_already_is_refused() -> None:
    anna = create_user()

    outcome = send(
        [
            {"phone_number": phone_number(), "referral_code": "NEW1", "used_referral_code": anna.referral_code},
            {"phone_number": str(anna.phone_number), "used_referral_code": "NEW1"},
        ]
    )

    assert refusals(outcome) == [(1, "referral_circle", True)]


def test_an_invitation_of_long_ago_is_within_the_window(settings: Settings) -> None:
    settings.REFERRAL_WINDOW_DAYS = 30
    rows = [
        {"phone_number": phone_number(), "registered_at": "2020-01-02T00:00:00Z", "used_referral_code": "LATER"},
        {"phone_number": phone_number(), "registered_at": "2020-01-01T00:00:00Z", "referral_code": "LATER"},
    ]

    assert send(rows)["refused"] == []


def test_a_dry_run_tells_what_would_happen_and_saves_nothing() -> None:
    known = create_user(username="Before")
    rows = [
        {"phone_number": phone_number(), "referral_code": "NEW1"},
        {"phone_number": phone_number(), "used_referral_code": "NEW1"},
        {"phone_number": str(known.phone_number), "username": "After"},
        {"phone_number": "x"},
    ]

    outcome = send(rows, dry_run=True)

    assert counts(outcome) == (2, 1, 0)
    assert refusals(outcome) == [(3, "invalid_input", False)]
    assert [*User.objects.values_list("username", flat=True)] == ["Before"]
    assert not AuditRecord.objects.exists()
    assert counts(send(rows)) == (2, 1, 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"rows": [{}] * 1_001}, "rows"), ({"rows": []}, "rows"), ({}, "rows"), ({"rows": ["x"]}, "rows.0"),
     ({"rows": [{}], "dry_run": "yes"}, "dry_run"), ({"rows": [{}], "more": 1}, "more")],
)  # fmt: skip
def test_a_request_of_another_form_is_refused_as_a_whole(
    service_client: APIClient, body: dict[str, Any], field: str
) -> None:
    answer = service_client.post("/api/users/import/", body)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_a_thousand_rows_fit_into_a_request() -> None:
    rows = [
        {
            "phone_number": phone_number(),
            "username": "Константин Константинопольский",
            "external_id": f"shop-{nth:0100}",
        }
        for nth in range(1_000)
    ]

    assert counts(send(rows)) == (1_000, 0, 0)


def test_the_import_is_recorded_with_the_people_it_changed() -> None:
    phone = phone_number()

    send([{"phone_number": phone}, {"phone_number": "x"}])

    record = AuditRecord.objects.get()
    assert (record.thing, record.details) == ("import", {"ids": [User.objects.get(phone_number=phone).pk]})
    assert record.service is not None


def test_the_import_needs_its_scope() -> None:
    answer = service_client(Scope.PEOPLE_READ).post("/api/users/import/", {"rows": [{}]})

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


@pytest.mark.django_db(transaction=True)
def test_concurrent_imports_of_the_same_people_create_nobody_twice() -> None:
    anna = create_user()
    rows = [
        {"phone_number": phone_number(), "referral_code": f"C{nth}", "used_referral_code": anna.referral_code}
        for nth in range(20)
    ]

    outcomes = run_concurrently(*[lambda: send(rows)] * 4)

    assert sum(outcome["created"] for outcome in outcomes) == 20
    assert [outcome["refused"] for outcome in outcomes] == [[]] * 4
    anna.refresh_from_db()
    assert anna.referrals_count == Referral.objects.count() == 20


# The command


def write(folder: Path, *lines: str) -> Path:
    file = folder / "people.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return file


def imported(file: Path, *options: str) -> str:
    out = io.StringIO()
    call_command("import_people", str(file), *options, stdout=out)
    return out.getvalue()


def test_the_command_imports_a_file_and_lists_the_refused_lines(tmp_path: Path) -> None:
    anna, boris = phone_number(), phone_number()
    file = write(
        tmp_path, "phone_number;username;used_referral_code;referral_code", f"{anna};Анна;;ANNA",
        "x;;;", f"{boris};Борис;ANNA;", f"{phone_number()};;NONE;",
    )  # fmt: skip

    told = imported(file)

    assert "created 3, updated 0, unchanged 0, refused 2" in told
    assert User.objects.get(phone_number=boris).used_referral_code == "ANNA"
    with (tmp_path / "people.csv.refused.csv").open(encoding="utf-8") as refused:
        rows = [(each["line"], each["code"], each["field"], each["saved"]) for each in csv.DictReader(refused)]
    assert rows == [
        ("3", "invalid_input", "phone_number", "False"),
        ("5", "referral_code_not_found", "used_referral_code", "True"),
    ]
    assert "created 0, updated 0, unchanged 3, refused 2" in imported(file)


def test_a_dry_run_of_the_command_saves_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, "phone_number", phone_number())

    assert "Would be: created 1" in imported(file, "--dry-run")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["phone;username", "x;y"], "Unknown columns: phone"),
        (["username", "x"], "needs phone_number"),
        (["phone_number,phone_number", "x,y"], "each column once"),
    ],
)
def test_a_file_with_another_heading_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        imported(write(tmp_path, *lines))


def test_a_missing_file_and_another_encoding_are_told(tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"phone_number,username\n+79161234567,Jos\xe9\n")

    with pytest.raises(CommandError, match="No such file"):
        imported(tmp_path / "nothing.csv")
    with pytest.raises(CommandError, match="UTF-8"):
        imported(latin)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="files of millions go to PostgreSQL")
def test_a_killed_import_is_resumed_without_a_double(tmp_path: Path) -> None:
    people = 12_000
    rows = [f"+7999{nth:07},C{nth},{f'C{nth // 2}' if nth else ''}" for nth in range(people)]
    file = write(tmp_path, "phone_number,referral_code,used_referral_code", *rows)
    of_test = connection.get_connection_params()
    url = f"postgres://{of_test['user']}@{of_test['host']}:{of_test['port']}/{of_test['dbname']}"
    command = [sys.executable, "manage.py", "import_people", str(file)]

    killed = subprocess.Popen(command, cwd=BASE_DIR, env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.DEVNULL)
    wait_until(User.objects.exists, killed)
    killed.kill()
    killed.wait()
    assert 0 < User.objects.count() < people
    told = imported(file)

    assert "refused 0" in told
    assert User.objects.count() == people
    assert Referral.objects.count() == people - 1
    assert User.objects.get(referral_code="C1").referrals_count == 2
    assert activate_code(api_client(create_user(phone_number="+79160000000")), "C9").status_code == 200
