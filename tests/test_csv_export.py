"""Staff take people along as a CSV file, which opens in a spreadsheet without starting anything."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.panel import PEOPLE, browser_of

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_of_the_export_can_start_a_formula(boss: Client, start: str) -> None:
    factories.person(username=f"{start}cmd|' /C calc'!A0", phone_number="+79991234567")

    (row,) = exported(boss.get(f"{PEOPLE}export/?q=%2B79991234567"))

    assert row["username"] == f"'{start}cmd|' /C calc'!A0"
    assert row["phone_number"] == "'+79991234567"


def test_staff_without_the_right_to_see_people_can_not_export_them() -> None:
    client = browser_of(factories.staff())

    assert client.get(f"{PEOPLE}export/").status_code == 403
