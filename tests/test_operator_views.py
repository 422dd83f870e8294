"""What somebody sees who runs the panel every day: alerts, cost, comparison, words in Russian, time zone, search."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override
from pytest_django import Settings

from panel.admin.people import UserAdmin
from panel.lists import QuickModelAdmin
from tests.support import factories
from tests.support.panel import AUDIT_TRAIL, MESSAGES, PEOPLE, SIGN_IN_ATTEMPTS, panel_client, user_page
from users.models import AuditRecord, Delivery, RunningTotals, SignInAttempt

pytestmark = pytest.mark.django_db

REPORT = "/admin/delivery-report/"


def send(number: str, *, channel: str = "smsc", state: str = "delivered", at: datetime | None = None) -> None:
    at = at or timezone.now()
    Delivery.objects.create(
        phone_number=number, channel=channel, state=state, created_at=at, expires_at=at + timedelta(minutes=5)
    )


def test_delivery_and_cost_by_country_and_channel(admin_client: Client, settings: Settings) -> None:
    settings.CHANNEL_PRICES = "smsc:+7=3.20 smsc:+=9 twilio:+1=0.5"
    for number in ("+79161234567", "+79161234568", "+447400123456"):
        send(number)
    send("+79161234569", state="failed", channel="")
    send("+12015550123", channel="twilio")
    send("+79161234567", at=timezone.now() - timedelta(days=60))

    html = admin_client.get(REPORT).content.decode()

    rows = [
        re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", html)
    ]
    assert ["RU +7", "smsc", "2", "2", "0", "100.0 %", "6.40"] in rows
    assert ["RU +7", "none", "1", "0", "1", "0.0 %", "—"] in rows
    assert ["GB +44", "smsc", "1", "1", "0", "100.0 %", "9.00"] in rows
    assert ["US +1", "twilio", "1", "1", "0", "100.0 %", "0.50"] in rows
    assert "15.90" in html
    assert panel_client(factories.create_staff()).get(REPORT).status_code == 403


def test_the_dashboard_compares_with_the_period_before(admin_client: Client) -> None:
    now = timezone.now()
    for days in (1, 2, 3, 40, 41):
        SignInAttempt.objects.create(
            phone_number="+79161234567", address="", succeeded=True, at=now - timedelta(days=days)
        )
    RunningTotals.objects.all().delete()

    html = admin_client.get("/admin/", {"period": "30"}).content.decode()

    assert "+50 % against the period before" in html


def test_the_dashboard_shows_alerts(admin_client: Client, settings: Settings) -> None:
    settings.LIMIT_CODES, settings.SMS_URL = "0/day", "json://localhost/{phone}"
    for _ in range(4):
        Delivery.objects.create(
            phone_number="+79161234567",
            failed_channels="json",
            state="failed",
            created_at=timezone.now(),
            expires_at=timezone.now(),
        )

    html = admin_client.get("/admin/").content.decode()

    assert "Gateway json failed 4 of its last 4 messages." in html
    assert "Sending is paused" in html


@pytest.mark.parametrize(
    ("number", "people", "rows"),
    [
        (1, "1 человек", "1 строка"),
        (2, "2 человека", "2 строки"),
        (5, "5 человек", "5 строк"),
        (21, "21 человек", "21 строка"),
        (111, "111 человек", "111 строк"),
    ],
)
def test_russian_counts_in_three_forms(number: int, people: str, rows: str) -> None:
    with override("ru"):
        assert UserAdmin.counted % {"count": number} == people
        assert QuickModelAdmin.counted % {"count": number} == rows


def test_no_english_is_left_in_the_russian_panel(admin_client: Client) -> None:
    person = factories.create_user()
    pages = (PEOPLE, MESSAGES, AUDIT_TRAIL, user_page(person), "/admin/auth/group/add/", "/admin/axes/accessattempt/")

    left = {}
    for path in pages:
        html = admin_client.get(path, headers={"Accept-Language": "ru"}).content.decode()
        text = re.sub(
            r"<(script|style|svg|title)\b.*?</\1>|<!--.*?-->|material-symbols-outlined[^<]*<",
            " ",
            html,
            flags=re.DOTALL,
        )
        left[path] = set(re.findall(r"(?<![\w/.-])[A-Za-z]{3,}(?: [a-z]{3,})+", re.sub(r"<[^>]+>", "|", text)))

    assert {path: words for path, words in left.items() if words} == {}


def test_wrong_passwords_open_under_their_name(admin_client: Client) -> None:
    html = admin_client.get("/admin/axes/accessattempt/").content.decode()

    assert "Axes" not in html
    assert "Access attempts" not in html


def test_choices_and_counts_are_in_the_language_of_the_page(admin_client: Client) -> None:
    russian = {"Accept-Language": "ru"}

    webhook, account, groups = (
        admin_client.get(f"/admin/{page}/", headers=russian).content.decode()
        for page in ("users/webhook/add", "users/serviceaccount/add", "auth/group")
    )

    assert "person.registered: человек зарегистрировался" in webhook
    assert "people:read: читать людей" in account
    assert re.search(r"\b0 групп\s", groups)
    assert "Type to search" not in groups


def test_the_path_above_a_page_leads_to_the_dashboard(admin_client: Client) -> None:
    for app in ("users", "auth", "axes"):
        assert admin_client.get(f"/admin/{app}/", follow=True).redirect_chain == [("/admin/", 302)]


def test_times_follow_the_time_zone_of_the_browser(admin_client: Client) -> None:
    person = factories.create_user()
    type(person).objects.filter(pk=person.pk).update(registered_at=datetime(2026, 3, 1, 22, 30, tzinfo=UTC))

    utc = admin_client.get(user_page(person)).content.decode()
    admin_client.cookies["time_zone"] = "Asia/Vladivostok"
    local = admin_client.get(user_page(person)).content.decode()
    admin_client.cookies["time_zone"] = "Nowhere/../etc"
    hostile = admin_client.get(user_page(person))

    assert "1 Mar 2026, 22:30" in utc
    assert "2 Mar 2026, 08:30" in local
    assert "Times in Asia/Vladivostok" in local
    assert hostile.status_code == 200


@pytest.mark.parametrize(("language", "name"), [("en", "Audit trail"), ("ru", "Журнал действий")])
def test_a_list_has_one_name_in_the_menu_and_on_its_page(admin_client: Client, language: str, name: str) -> None:
    html = admin_client.get(AUDIT_TRAIL, headers={"Accept-Language": language}).content.decode()
    in_menu = re.findall(rf'href="{AUDIT_TRAIL}"[^>]*>(.*?)</a>', html, re.DOTALL)[0]
    (heading,) = re.findall("<h1.*?</h1>", html, re.DOTALL)

    assert name in heading
    assert name in in_menu


def test_labels_of_cells_begin_with_a_capital_as_the_headings_do(admin_client: Client) -> None:
    html = admin_client.get(PEOPLE, headers={"Accept-Language": "ru"}).content.decode()

    labels = re.findall(r'data-label="([^"]+)"', html)
    assert "Код приглашения" in labels
    assert [label for label in labels if label[0].islower()] == []


def test_the_trail_hides_reading_until_it_is_asked_for(admin_client: Client) -> None:
    person = factories.create_user()
    AuditRecord.objects.create(action="viewed", person=person, address="")
    AuditRecord.objects.create(action="changed", person=person, address="", details={"username": ["A", "B"]})

    usual = [record.action for record in admin_client.get(AUDIT_TRAIL).context["cl"].result_list]
    everything = [
        record.action for record in admin_client.get(AUDIT_TRAIL, {"reading": "shown"}).context["cl"].result_list
    ]

    assert "viewed" not in usual
    assert "changed" in usual
    assert {"viewed", "changed"} <= {*everything}


def test_one_error_box_for_one_wrong_password() -> None:
    html = Client().post("/admin/login/", {"username": "+79161234567", "password": "wrong"}).content.decode()
    empty = Client().post("/admin/login/", {"username": "", "password": ""}).content.decode()

    assert html.count('class="errornote') == 1
    assert empty.count('class="errornote') == 1


@pytest.mark.parametrize("path", [PEOPLE, MESSAGES, SIGN_IN_ATTEMPTS, AUDIT_TRAIL, "/admin/users/referral/"])
def test_every_list_is_filtered_by_date(admin_client: Client, path: str) -> None:
    html = admin_client.get(path).content.decode()

    assert re.search(r'name="\w+_from"', html)
