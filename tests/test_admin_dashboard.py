"""The first page of the panel: how many came and how, as numbers, charts and tables."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import ask_for_code, invited_by, person, phone_number, sign_up, signed_in, staff, superuser
from tests.support.panel import browser_of, page_of
from users.models import Delivery, Referral, SignInAttempt

pytestmark = pytest.mark.django_db
DASHBOARD = "/admin/"


@pytest.fixture
def boss() -> Client:
    """A superuser who came long before whatever is counted."""
    return browser_of(superuser(username="Boss", registered_at=at("2020-01-01T00:00Z")))


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def page(boss: Client, **query: str) -> str:
    answer = boss.get(DASHBOARD, {name.rstrip("_"): value for name, value in query.items()})
    assert answer.status_code == 200
    return answer.content.decode()


def chart(html: str) -> dict[str, Any]:
    data = re.search(r'<script id="chart-data" type="application/json">(.+?)</script>', html)
    assert data
    return dict(json.loads(data.group(1)))


def figures(html: str) -> list[str]:
    return re.findall(r'<dd class="board-number">(.+?)</dd>', html)


def rows(html: str) -> list[list[str]]:
    """The table behind the charts."""
    return [re.findall(r"<t[hd][^>]*>(.+?)</t[hd]>", row) for row in re.findall(r"<tr>(.+?)</tr>", html, re.DOTALL)][1:]


def days(html: str) -> int:
    return len(chart(html)["labels"])


def test_the_numbers_are_those_of_the_api(boss: Client) -> None:
    inviter = person(username="Inviter")
    for days_ago in (0, 1, 1, 5, 40):
        invited_by(inviter, registered_at=datetime.now(UTC) - timedelta(days=days_ago))
        sign_up(APIClient(), phone_number())
    Delivery.objects.filter(pk__in=Delivery.objects.values("pk")[:2]).update(state="failed")
    told = signed_in(staff()).get("/api/statistics/").json()

    html = page(boss)

    totals = told["totals"]
    names = ("registrations", "sign_ins", "activations", "codes_sent")
    assert [int(figure) for figure in figures(html)] == [totals[name] for name in names]
    drawn = chart(html)
    activity = [series["data"] for series in drawn["activity"]]
    assert activity == [[step[name] for step in told["steps"]] for name in names[:3]]
    delivery = [series["data"] for series in drawn["delivery"]]
    assert delivery == [[step[name] for step in told["steps"]] for name in ("codes_delivered", "codes_failed")]
    table = [[int(cell) for cell in row[1:]] for row in rows(html)]
    assert table == [list(step.values())[2:] for step in told["steps"]]
    assert f"{told['delivery_rate']:.1%}".replace("%", " %") in html
    assert f">{told['all_time']['registrations']} ever<" in html


@pytest.mark.parametrize(("period", "shown"), [("7", 7), ("30", 30), ("90", 90), ("365", 365), ("", 30)])
def test_a_period_is_chosen_by_a_link(boss: Client, period: str, shown: int) -> None:
    html = page(boss, period=period)

    assert days(html) == shown
    assert re.findall(r"href=\"\?period=(\w+)\" aria-current", html) == [period or "30"]


def test_everything_begins_with_the_first_who_came(boss: Client) -> None:
    html = page(boss, period="all", step="month")

    assert chart(html)["labels"][0] == "Jan 2020"
    assert figures(html)[0] == "1"


def test_a_long_period_by_days_is_refused_and_the_usual_one_shown(boss: Client) -> None:
    html = page(boss, from_="2024-01-01", to="2026-01-04", step="day")

    assert "A period has at most 400 steps: choose a longer step." in html
    assert days(html) == 30


def test_a_long_period_is_drawn_by_weeks(boss: Client) -> None:
    assert chart(page(boss, from_="2024-01-01", to="2026-01-04"))["labels"][-1] == "29 Dec – 4 Jan"


def test_days_of_ones_own_are_chosen_by_a_form(boss: Client) -> None:
    for day in (1, 2, 3, 4):
        person(registered_at=at(f"2026-03-0{day}T12:00Z"))

    html = page(boss, from_="2026-03-02", to="2026-03-03", step="day")

    assert figures(html)[0] == "2"
    assert chart(html)["labels"] == ["2 Mar", "3 Mar"]
    assert "aria-current" not in re.search(r'<nav aria-label="Period">.+?</nav>', html, re.DOTALL)[0]  # type: ignore[index]


def test_days_are_those_of_the_place_in_the_settings(boss: Client, settings: Settings) -> None:
    settings.STATISTICS_TIME_ZONE = "Asia/Kathmandu"
    person(registered_at=at("2026-03-01T18:15Z"))

    html = page(boss, from_="2026-03-02", to="2026-03-02")

    assert figures(html)[0] == "1"
    assert "Asia/Kathmandu" in html


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-03-02", "to": "2026-03-01"},
        {"to": "9999-12-31"},
        {"from": "0001-01-01"},
        {"to": "0001-01-01"},
        {"from": "2000-01-01", "to": "2099-12-31", "step": "day"},
        {"period": "forever"},
        {"step": "<script>"},
        {"from": "\x00"},
    ],
)
def test_what_makes_no_period_is_told_beside_the_usual_one(boss: Client, query: dict[str, str]) -> None:
    answer = boss.get(DASHBOARD, query)

    html = answer.content.decode()
    assert answer.status_code == 200
    assert re.search(r'role="alert">\s*<p>\w', html)
    assert "<script>" not in html
    assert days(html) == 30


def test_shows_how_far_people_got(boss: Client) -> None:
    sign_up(APIClient(), phone_number(), used_referral_code=person().referral_code)
    ask_for_code(APIClient(), phone_number())

    html = page(boss)

    stages = re.findall(r"<span>(.+?)</span>\s*<strong>(\d+)</strong>", html)
    assert stages[:4] == [
        ("Codes asked for", "2"),
        ("Sign-ins", "1"),
        ("New people", "2"),
        ("Invite codes activated", "1"),
    ]
    assert [share.strip() for share in re.findall(r"([\d.]+ %) of the step before", html)] == [
        "50.0 %",
        "200.0 %",
        "50.0 %",
    ]


def test_names_those_with_whom_most_came_and_leads_to_them(boss: Client) -> None:
    inviter = person(username="Inviter")
    invited_by(inviter)

    assert f'href="{page_of(inviter)}"' in page(boss)


def test_staff_who_may_not_see_people_see_numbers_only() -> None:
    inviter = person(username="Inviter")
    invited_by(inviter)

    html = page(browser_of(staff(permissions=())))

    assert "Inviter" not in html
    assert inviter.referral_code not in html
    assert figures(html)[2] == "1"


def test_a_name_can_not_break_out_of_the_page(boss: Client) -> None:
    person(username="</script><script>alert(1)</script>")
    inviter = person(username="<img src=x onerror=alert(1)>")
    invited_by(inviter)

    html = page(boss)

    assert "onerror=alert(1)>" not in html
    assert "alert(1)</script>" not in html


def test_nothing_of_the_page_breaks_the_content_security_policy(boss: Client) -> None:
    content = re.search(r'<div class="board">.+', page(boss), re.DOTALL)

    assert content
    board = content[0].split('<script id="chart-data"')[0]
    assert not re.findall(r"<style|\sstyle=|<script|\son\w+=", board)


def test_numbers_and_dates_are_written_as_the_reader_writes_them(boss: Client) -> None:
    Referral.objects.bulk_create(
        Referral(referral_code="XXXXXX", activated_at=at("2026-03-02T12:00Z")) for _ in range(1_234)
    )
    query = {"from": "2026-03-02", "to": "2026-03-02"}

    english = boss.get(DASHBOARD, query).content.decode()
    russian = boss.get(DASHBOARD, query, headers={"Accept-Language": "ru"}).content.decode()

    assert "1,234" in figures(english)
    assert "1\xa0234" in [figure.replace("&nbsp;", "\xa0") for figure in figures(russian)]
    assert chart(russian)["labels"] == ["2 мар"]
    assert [series["label"] for series in chart(russian)["activity"]] == ["Новые люди", "Входы", "Активации кодов"]


def test_the_number_of_queries_is_constant(boss: Client) -> None:
    def queries_with(people: int) -> int:
        for day in range(people):
            inviter = person()
            invited_by(inviter, registered_at=datetime.now(UTC) - timedelta(days=day))
            SignInAttempt.objects.create(phone_number=inviter.phone_number, address="", succeeded=True)
        with CaptureQueriesContext(connection) as queries:
            page(boss, period="365")
        return len(queries)

    assert queries_with(2) == queries_with(30) <= 16
