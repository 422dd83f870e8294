"""Staff take every list along as a CSV file, which opens in a spreadsheet without starting anything."""

import csv
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.support import factories
from tests.support.panel import ATTEMPTS, CODES, MESSAGES, PEOPLE, REFERRALS, TRAIL, browser_of
from users.models import Delivery, Referral

pytestmark = pytest.mark.django_db
LISTS = [PEOPLE, REFERRALS, CODES, MESSAGES, ATTEMPTS, TRAIL]


def exported(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_export_holds_everyone_whom_the_list_finds(boss: Client) -> None:
    inviter = factories.person(username="Inviter")
    invited = [factories.invited_by(inviter, username="Invited") for _ in range(120)]

    everybody = exported(boss.get(f"{PEOPLE}export/"))
    found = exported(boss.get(f"{PEOPLE}export/?q=Invited"))
    selected = exported(boss.post(PEOPLE, {"action": "export_selected", "_selected_action": [inviter.pk]}))

    assert len(everybody) == 122
    assert {row["referral_code"] for row in found} == {person.referral_code for person in invited}
    assert {row["used_referral_code"] for row in found} == {inviter.referral_code}
    assert [row["referrals_count"] for row in selected] == ["120"]


def test_every_list_can_be_taken_along(boss: Client) -> None:
    inviter = factories.person(phone_number="+79991234567")
    invited = factories.sign_up(APIClient(), "+79997654321", used_referral_code=inviter.referral_code)["profile"]
    Delivery.objects.update(state="waiting", expires_at="2025-01-01T00:00Z")
    boss.get(PEOPLE)

    (referral,) = exported(boss.get(f"{REFERRALS}export/"))
    (code,) = exported(boss.get(f"{CODES}export/"))
    (message,) = exported(boss.get(f"{MESSAGES}export/"))
    (attempt,) = exported(boss.get(f"{ATTEMPTS}export/"))
    actions = [record["action"] for record in exported(boss.get(f"{TRAIL}export/"))]

    assert (referral["invited"], referral["inviter"]) == (f"'{invited['phone_number']}", "'+79991234567")
    assert referral["activated_at"] == Referral.objects.get().activated_at.isoformat(timespec="seconds")
    assert (code["phone_number"], code["wrong_tries"]) == ("'+79997654321", "0")
    assert (message["phone_number"], message["state"]) == ("'+79997654321", "failed")
    assert (attempt["phone_number"], attempt["succeeded"]) == ("'+79997654321", "True")
    assert actions[-1] == "listed"
    assert actions.count("exported") == 5


@pytest.mark.parametrize("path", LISTS)
def test_every_list_leads_to_its_export(boss: Client, path: str) -> None:
    html = boss.get(f"{path}?q=%2B79991234567").content.decode()

    link = re.search(r'data-export[^>]*>\s*<a href="([^"]+)"', html)
    assert link
    assert link[1] == f"{path}export/?q=%2B79991234567"
    assert boss.get(link[1]).status_code == 200
    assert "panel/export.js" in html


@pytest.mark.parametrize("path", [PEOPLE, REFERRALS, CODES, MESSAGES, ATTEMPTS])
def test_no_export_tells_a_secret(boss: Client, path: str) -> None:
    code = factories.ask_for_code(APIClient(), factories.phone_number())
    factories.sign_up(APIClient(), factories.phone_number(), used_referral_code=factories.person().referral_code)

    rows = exported(boss.get(f"{path}export/"))

    assert rows
    assert not {"digest", "verification_token", "password", "address", "text"} & rows[0].keys()
    assert code not in {cell for row in rows for cell in row.values()}


def test_an_export_tells_how_many_rows_are_to_come(boss: Client) -> None:
    for _ in range(3):
        factories.person(username="Invited")

    assert boss.get(f"{PEOPLE}export/?q=Invited")["X-Total-Rows"] == "3"


def test_the_number_of_queries_is_constant(boss: Client) -> None:
    def queries_with(people: int) -> int:
        inviter = factories.person()
        for _ in range(people):
            factories.invited_by(inviter)
        with CaptureQueriesContext(connection) as queries:
            assert len(exported(boss.get(f"{REFERRALS}export/"))) >= people
        return len(queries)

    assert queries_with(2) == queries_with(30)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_of_the_export_can_start_a_formula(boss: Client, start: str) -> None:
    factories.person(username=f"{start}cmd|' /C calc'!A0", phone_number="+79991234567")

    (row,) = exported(boss.get(f"{PEOPLE}export/?q=%2B79991234567"))

    assert row["username"] == f"'{start}cmd|' /C calc'!A0"
    assert row["phone_number"] == "'+79991234567"


@pytest.mark.parametrize("path", LISTS)
def test_staff_without_the_right_to_see_a_list_can_not_export_it(path: str) -> None:
    assert browser_of(factories.staff(permissions=())).get(f"{path}export/").status_code == 403


@pytest.mark.parametrize("path", LISTS)
def test_who_is_not_staff_exports_nothing(path: str) -> None:
    assert browser_of(factories.person()).get(f"{path}export/").status_code == 302


def test_what_can_not_be_filtered_by_leads_back_to_the_list(boss: Client) -> None:
    assert boss.get(f"{PEOPLE}export/?is_active__exact=maybe")["Location"] == PEOPLE
