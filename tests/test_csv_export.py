"""CSV export of the lists in the admin panel, safe against formula injection."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.support import factories
from tests.support.panel import AUDIT_TRAIL, CODES, MESSAGES, PEOPLE, REFERRALS, SIGN_IN_ATTEMPTS, panel_client
from tests.support.queries import count_queries
from users.models import Delivery, Referral

pytestmark = pytest.mark.django_db
LISTS = [PEOPLE, REFERRALS, CODES, MESSAGES, SIGN_IN_ATTEMPTS, AUDIT_TRAIL]


def exported(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_export_matches_the_filtered_list(admin_client: Client) -> None:
    inviter = factories.create_user(username="Inviter")
    invited = [factories.create_user(invited_by=inviter, username="Invited") for _ in range(120)]

    everybody = exported(admin_client.get(f"{PEOPLE}export/"))
    found = exported(admin_client.get(f"{PEOPLE}export/?q=Invited"))
    selected = exported(admin_client.post(PEOPLE, {"action": "export_selected", "_selected_action": [inviter.pk]}))

    assert len(everybody) == 122
    assert {row["referral_code"] for row in found} == {person.referral_code for person in invited}
    assert {row["used_referral_code"] for row in found} == {inviter.referral_code}
    assert [row["referrals_count"] for row in selected] == ["120"]


def test_every_list_can_be_exported(admin_client: Client) -> None:
    inviter = factories.create_user(phone_number="+79991234567")
    invited = factories.sign_up(APIClient(), "+79997654321", used_referral_code=inviter.referral_code)["profile"]
    Delivery.objects.update(state="waiting", expires_at="2025-01-01T00:00Z")
    admin_client.get(PEOPLE)

    (referral,) = exported(admin_client.get(f"{REFERRALS}export/"))
    (code,) = exported(admin_client.get(f"{CODES}export/"))
    (message,) = exported(admin_client.get(f"{MESSAGES}export/"))
    (attempt,) = exported(admin_client.get(f"{SIGN_IN_ATTEMPTS}export/"))
    actions = [record["action"] for record in exported(admin_client.get(f"{AUDIT_TRAIL}export/?reading=shown"))]

    assert (referral["invited"], referral["inviter"]) == (f"'{invited['phone_number']}", "'+79991234567")
    assert referral["activated_at"] == Referral.objects.get().activated_at.isoformat(timespec="seconds")
    assert (code["phone_number"], code["wrong_tries"]) == ("'+79997654321", "0")
    assert (message["phone_number"], message["state"]) == ("'+79997654321", "failed")
    assert (attempt["phone_number"], attempt["succeeded"]) == ("'+79997654321", "True")
    assert actions[-1] == "listed"
    assert actions.count("exported") == 5


@pytest.mark.parametrize("path", LISTS)
def test_every_list_links_to_its_export(admin_client: Client, path: str) -> None:
    html = admin_client.get(f"{path}?q=%2B79991234567").content.decode()

    link = re.search(r'data-export[^>]*>\s*<a href="([^"]+)"', html)
    assert link
    assert link[1] == f"{path}export/?q=%2B79991234567"
    assert admin_client.get(link[1]).status_code == 200
    assert "panel/export.js" in html


@pytest.mark.parametrize("path", [PEOPLE, REFERRALS, CODES, MESSAGES, SIGN_IN_ATTEMPTS])
def test_exports_contain_no_secrets(admin_client: Client, path: str) -> None:
    code = factories.request_code(APIClient(), factories.phone_number())
    factories.sign_up(APIClient(), factories.phone_number(), used_referral_code=factories.create_user().referral_code)

    rows = exported(admin_client.get(f"{path}export/"))

    assert rows
    assert not {"digest", "verification_token", "password", "address", "text"} & rows[0].keys()
    assert code not in {cell for row in rows for cell in row.values()}


def test_export_announces_the_number_of_rows(admin_client: Client) -> None:
    for _ in range(3):
        factories.create_user(username="Invited")

    assert admin_client.get(f"{PEOPLE}export/?q=Invited")["X-Total-Rows"] == "3"


def test_the_number_of_queries_is_constant(admin_client: Client) -> None:
    def queries_with(people: int) -> int:
        inviter = factories.create_user()
        for _ in range(people):
            factories.create_user(invited_by=inviter)
        rows: list[dict[str, str]] = []
        queries = count_queries(lambda: rows.extend(exported(admin_client.get(f"{REFERRALS}export/"))))
        assert len(rows) >= people
        return queries

    queries_with(0)  # writes that the session is in use, once a day
    assert queries_with(2) == queries_with(30)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_cells_cannot_start_a_formula(admin_client: Client, start: str) -> None:
    factories.create_user(username=f"{start}cmd|' /C calc'!A0", phone_number="+79991234567")

    (row,) = exported(admin_client.get(f"{PEOPLE}export/?q=%2B79991234567"))

    assert row["username"] == f"'{start}cmd|' /C calc'!A0"
    assert row["phone_number"] == "'+79991234567"


#: Texts with a formula at a place where a spreadsheet could begin a cell.
BEFORE_FORMULAS = ("", " ", '"', "a;", "a,", "a;;", "a; ", 'a;"', 'a,""', "a\n", "a\r\n", "a;\n\t")
HOSTILE = [
    *(f"{before}{start}SUM(1;2)" for before in BEFORE_FORMULAS for start in "=+-@\uff1d\uff0b\uff0d\uff20"),
    "\t=1", "\r", "\n+1", "a;=1,=2\n=3", '";=1', '",=1;"', "';=1", "a\u2028=1",
]  # fmt: skip
FORMULA = re.compile('[\\s"]*[-=+@\uff1d\uff0b\uff0d\uff20]')


def export_in(staff: Client, separator: str) -> str:
    answer = staff.get(f"{PEOPLE}export/", {"separator": separator})
    return b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]


@pytest.mark.parametrize("read_with", [",", ";"])
@pytest.mark.parametrize("separator", ["comma", "semicolon"])
def test_no_cell_starts_a_formula_whatever_the_spreadsheet_splits_at(
    admin_client: Client, separator: str, read_with: str
) -> None:
    people = [factories.create_user(username=name) for name in HOSTILE]

    rows = [*csv.reader(io.StringIO(export_in(admin_client, separator), newline=""), delimiter=read_with)]

    assert len(rows) > len(people)
    assert [cell for row in rows for cell in row if FORMULA.match(cell)] == []


@pytest.mark.parametrize(("separator", "sign"), [("comma", ","), ("semicolon", ";")])
def test_texts_come_back_with_nothing_but_apostrophes_added(admin_client: Client, separator: str, sign: str) -> None:
    for name in HOSTILE:
        factories.create_user(username=name)

    rows = [*csv.DictReader(io.StringIO(export_in(admin_client, separator), newline=""), delimiter=sign)]

    read = sorted(row["username"].replace("'", "") for row in rows if row["username"] != "Boss")
    assert read == sorted(name.replace("'", "") for name in HOSTILE)


@pytest.mark.parametrize("separator", ["comma", "semicolon"])
def test_every_text_is_quoted(admin_client: Client, separator: str) -> None:
    heading, row = export_in(admin_client, separator).splitlines()

    for cell in re.split("[,;]", heading) + re.split("[,;]", row):
        assert cell.startswith('"') or cell in ("True", "False", "0"), cell


@pytest.mark.parametrize(("language", "sign", "other"), [("en", ",", "semicolon"), ("ru", ";", "comma")])
def test_the_language_decides_the_separator_and_the_list_offers_the_other(
    admin_client: Client, language: str, sign: str, other: str
) -> None:
    headers = {"Accept-Language": language}

    by_default = b"".join(admin_client.get(f"{PEOPLE}export/", headers=headers)).decode("utf-8-sig")
    html = admin_client.get(f"{PEOPLE}?q=boss", headers=headers).content.decode()

    assert by_default.startswith(f'"phone_number"{sign}"username"{sign}')
    (link,) = re.findall(r'href="([^"]+separator=[^"]+)"', html)
    assert unescape(link) == f"{PEOPLE}export/?q=boss&separator={other}"
    assert admin_client.get(unescape(link))["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize("path", LISTS)
def test_unknown_separator_leads_back_to_the_list(admin_client: Client, path: str) -> None:
    assert admin_client.get(f"{path}export/?separator=tab")["Location"] == path


@pytest.mark.parametrize("path", LISTS)
def test_export_requires_permission_to_view_the_list(path: str) -> None:
    assert panel_client(factories.create_staff(permissions=())).get(f"{path}export/").status_code == 403


@pytest.mark.parametrize("path", LISTS)
def test_export_is_for_staff_only(path: str) -> None:
    assert panel_client(factories.create_user()).get(f"{path}export/").status_code == 302


def test_invalid_filter_redirects_to_the_list(admin_client: Client) -> None:
    assert admin_client.get(f"{PEOPLE}export/?is_active__exact=maybe")["Location"] == PEOPLE
