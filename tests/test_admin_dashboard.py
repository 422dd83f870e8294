"""The dashboard of the admin panel: figures, charts, tables and periods."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import (
    LONG_AGO,
    create_staff,
    create_user,
    phone_number,
    request_code,
    service_client,
    sign_up,
)
from tests.support.panel import panel_client, user_page
from tests.support.queries import count_queries
from tests.support.statistics import at
from users.models import Delivery, Referral, SignInAttempt

pytestmark = pytest.mark.django_db
DASHBOARD = "/admin/"


def page(admin_client: Client, **query: str) -> str:
    answer = admin_client.get(DASHBOARD, {name.rstrip("_"): value for name, value in query.items()})
    assert answer.status_code == 200
    return answer.content.decode()


def chart(html: str) -> dict[str, Any]:
    data = re.search(r'<script id="chart-data" type="application/json">(.+?)</script>', html)
    assert data
    return dict(json.loads(data.group(1)))


def figures(html: str) -> list[str]:
    return re.findall(r'<dd class="board-number">(.+?)</dd>', html)


def rows(html: str) -> list[list[str]]:
    """Return the cells of the table below the charts."""
    return [re.findall(r"<t[hd][^>]*>(.+?)</t[hd]>", row) for row in re.findall(r"<tr>(.+?)</tr>", html, re.DOTALL)][1:]


def days(html: str) -> int:
    return len(chart(html)["labels"])


def test_numbers_match_the_api(admin_client: Client) -> None:
    inviter = create_user(username="Inviter", registered_at=LONG_AGO)
    for days_ago in (0, 1, 1, 5, 40):
        create_user(invited_by=inviter, registered_at=datetime.now(UTC) - timedelta(days=days_ago))
        sign_up(APIClient(), phone_number())
    Delivery.objects.filter(pk__in=Delivery.objects.values("pk")[:2]).update(state="failed")
    result = service_client().get("/api/statistics/").json()

    html = page(admin_client)

    totals = result["totals"]
    names = ("registrations", "sign_ins", "activations", "codes_sent")
    assert [int(figure) for figure in figures(html)] == [totals[name] for name in names]
    drawn = chart(html)
    activity = [series["data"] for series in drawn["activity"]]
    assert activity == [[step[name] for step in result["steps"]] for name in names[:3]]
    delivery = [series["data"] for series in drawn["delivery"]]
    assert delivery == [[step[name] for step in result["steps"]] for name in ("codes_delivered", "codes_failed")]
    table = [[int(cell) for cell in row[1:]] for row in rows(html)]
    assert table == [list(step.values())[2:] for step in result["steps"]]
    assert f"{result['delivery_rate']:.1%}".replace("%", " %") in html
    assert f">{result['all_time']['registrations']} ever<" in html


@pytest.mark.parametrize(("period", "shown"), [("7", 7), ("30", 30), ("90", 90), ("365", 365), ("", 30)])
def test_period_links(admin_client: Client, period: str, shown: int) -> None:
    html = page(admin_client, period=period)

    assert days(html) == shown
    assert re.findall(r"href=\"\?period=(\w+)\" aria-current", html) == [period or "30"]


def test_period_all_starts_with_the_first_registration(admin_client: Client) -> None:
    html = page(admin_client, period="all", step="month")

    assert chart(html)["labels"][0] == "Jan 2020"
    assert figures(html)[0] == "1"


def test_too_many_days_show_an_error_and_the_default_period(admin_client: Client) -> None:
    html = page(admin_client, from_="2024-01-01", to="2026-01-04", step="day")

    assert "A period has at most 400 steps: choose a longer step." in html
    assert days(html) == 30


def test_long_period_defaults_to_weeks(admin_client: Client) -> None:
    assert chart(page(admin_client, from_="2024-01-01", to="2026-01-04"))["labels"][-1] == "29 Dec – 4 Jan"


def test_custom_period_form(admin_client: Client) -> None:
    for day in (1, 2, 3, 4):
        create_user(registered_at=at(f"2026-03-0{day}T12:00Z"))

    html = page(admin_client, from_="2026-03-02", to="2026-03-03", step="day")

    assert figures(html)[0] == "2"
    assert chart(html)["labels"] == ["2 Mar", "3 Mar"]
    assert "aria-current" not in re.search(r'<nav aria-label="Period">.+?</nav>', html, re.DOTALL)[0]  # type: ignore[index]


def test_days_follow_the_time_zone_of_the_settings(admin_client: Client, settings: Settings) -> None:
    settings.STATISTICS_TIME_ZONE = "Asia/Kathmandu"
    create_user(registered_at=at("2026-03-01T18:15Z"))

    html = page(admin_client, from_="2026-03-02", to="2026-03-02")

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
def test_invalid_period_shows_an_error_and_the_default_period(admin_client: Client, query: dict[str, str]) -> None:
    answer = admin_client.get(DASHBOARD, query)

    html = answer.content.decode()
    assert answer.status_code == 200
    assert re.search(r'role="alert">\s*<p>\w', html)
    assert "<script>" not in html
    assert days(html) == 30


def test_shows_the_conversion_funnel(admin_client: Client) -> None:
    sign_up(APIClient(), phone_number(), used_referral_code=create_user().referral_code)
    request_code(APIClient(), phone_number())

    html = page(admin_client)

    stages = re.findall(r"<span>(.+?)</span>\s*<strong>(\d+)</strong>", html)
    assert stages[:3] == [("Codes sent", "2"), ("Codes delivered", "2"), ("Codes used to sign in", "1")]
    assert [share.strip() for share in re.findall(r"([\d.]+ %) of the step before", html)] == [
        "100.0 %",
        "50.0 %",
    ]


def test_top_inviters_link_to_their_pages(admin_client: Client) -> None:
    inviter = create_user(username="Inviter")
    create_user(invited_by=inviter)

    assert f'href="{user_page(inviter)}"' in page(admin_client)


def test_names_require_permission_to_view_users() -> None:
    inviter = create_user(username="Inviter")
    create_user(invited_by=inviter)

    html = page(panel_client(create_staff(permissions=())))

    assert "Inviter" not in html
    assert inviter.referral_code not in html
    assert figures(html)[2] == "1"


def test_names_are_escaped(admin_client: Client) -> None:
    create_user(username="</script><script>alert(1)</script>")
    inviter = create_user(username="<img src=x onerror=alert(1)>")
    create_user(invited_by=inviter)

    html = page(admin_client)

    assert "onerror=alert(1)>" not in html
    assert "alert(1)</script>" not in html


def test_page_has_no_inline_styles_or_scripts(admin_client: Client) -> None:
    content = re.search(r'<div class="board">.+', page(admin_client), re.DOTALL)

    assert content
    board = content[0].split('<script id="chart-data"')[0]
    assert not re.findall(r"<style|\sstyle=|<script|\son\w+=", board)


def test_numbers_and_dates_are_localized(admin_client: Client) -> None:
    Referral.objects.bulk_create(
        Referral(referral_code="XXXXXX", activated_at=at("2026-03-02T12:00Z")) for _ in range(1_234)
    )
    query = {"from": "2026-03-02", "to": "2026-03-02"}

    english = admin_client.get(DASHBOARD, query).content.decode()
    russian = admin_client.get(DASHBOARD, query, headers={"Accept-Language": "ru"}).content.decode()

    assert "1,234" in figures(english)
    assert "1\xa0234" in [figure.replace("&nbsp;", "\xa0") for figure in figures(russian)]
    assert chart(russian)["labels"] == ["2 мар"]
    assert [series["label"] for series in chart(russian)["activity"]] == ["Новые люди", "Входы", "Активации кодов"]


def test_the_number_of_queries_is_constant(admin_client: Client) -> None:
    def queries_with(people: int) -> int:
        for day in range(people):
            inviter = create_user(registered_at=LONG_AGO)
            create_user(invited_by=inviter, registered_at=datetime.now(UTC) - timedelta(days=day))
            SignInAttempt.objects.create(phone_number=inviter.phone_number, address="", succeeded=True)
        return count_queries(lambda: page(admin_client, period="365"))

    queries_with(0)  # writes that the session is in use, once a day
    assert queries_with(2) == queries_with(30) <= 23
