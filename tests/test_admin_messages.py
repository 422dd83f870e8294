"""Staff see what became of each message, and which gateway is failing; monitoring is told the same."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import factories
from tests.support.fake_gateways import SMSC, Gateway
from tests.support.panel import MESSAGES, browser_of
from users.models import ConfirmationCode, Delivery
from users.sign_in import codes

pytestmark = pytest.mark.django_db


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"{MESSAGES}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def states_in(html: str) -> list[str]:
    return re.findall(r">\s*(waiting|delivered|failed|replaced)\s*</span>", html)


def scraped() -> str:
    """What Prometheus is told of messages."""
    with override_settings(METRICS_TOKEN="token"):
        told = Client().get("/metrics", headers={"Authorization": "Bearer token"}).content.decode()
    return "\n".join(line for line in told.splitlines() if line.startswith("sms_"))


@pytest.fixture
def failing_gateway(settings: Settings) -> Iterator[SMSC]:
    """Two gateways; the first takes one message, then fails three, which the second takes."""
    client = APIClient()
    with SMSC().running() as smsc, Gateway().running() as webhook:
        settings.SMS_URL = f"{smsc.sms_url} {webhook.sms_url}"
        factories.ask_for_code(client, factories.phone_number())
        smsc.answer = smsc.error(3, "no money")
        for _ in range(3):
            factories.ask_for_code(client, factories.phone_number())
        yield smsc


def test_a_failing_gateway_is_told_above_the_list(boss: Client, failing_gateway: SMSC) -> None:
    html = page(boss)

    assert "Gateway smsc failed 3 of its last 4 messages." in html
    assert "Gateway json" not in html
    assert states_in(html) == ["delivered"] * 4
    assert SMSC.PASSWORD not in html


def test_it_is_told_in_russian(boss: Client, failing_gateway: SMSC) -> None:
    html = boss.get(MESSAGES, HTTP_ACCEPT_LANGUAGE="ru").content.decode()

    assert "Шлюз smsc не доставил 3 из последних 4 сообщений." in html


def test_a_gateway_that_works_again_is_not_told_for_ever(boss: Client, failing_gateway: SMSC) -> None:
    failing_gateway.answer = None
    for _ in range(3):
        codes.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())

    assert "Gateway" not in page(boss)


def test_failures_of_yesterday_are_not_told(boss: Client, failing_gateway: SMSC) -> None:
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert "Gateway" not in page(boss)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"state": "waiting"}, "waiting"),
        ({"state": "delivered"}, "delivered"),
        ({"state": "failed"}, "failed"),
        ({"state": "replaced"}, "replaced"),
        # Nobody will ever deliver it: its task was lost.
        ({"state": "waiting", "expires_at": "2025-01-01T00:00Z"}, "failed"),
    ],
)
def test_a_message_is_shown_and_found_by_what_became_of_it(boss: Client, changes: dict[str, Any], state: str) -> None:
    codes.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    Delivery.objects.update(**changes)

    assert states_in(page(boss)) == [state]
    assert re.search(rf">\s*{state}\s*<", page(boss, f"{Delivery.objects.get().pk}/change/"))
    for asked in Delivery.State.values:
        assert states_in(page(boss, f"?outcome={asked}")) == ([state] if asked == state else [])


def test_a_message_is_found_by_number_channel_and_day(boss: Client) -> None:
    phone = factories.phone_number()
    codes.send_code(client_ip="192.0.2.1", phone_number=phone)
    codes.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    national = phone.replace("+7", "8 ")

    found = [f"?q={national}", f"?q={national}&channel=console&created_at_from=2020-01-01&created_at_to=9999-12-31"]
    missed = ["?q=+79990000000", "?q=Anna", "?channel=json", "?created_at_to=2020-01-01"]

    assert [len(states_in(page(boss, query))) for query in found] == [1, 1]
    assert [len(states_in(page(boss, query))) for query in missed] == [0] * len(missed)
    assert len(states_in(page(boss, "?outcome=nonsense&created_at_from=yesterday"))) == 2


def test_a_message_of_somebody_erased_stays_without_the_number(boss: Client) -> None:
    anna = factories.person()
    codes.send_code(client_ip="192.0.2.1", phone_number=str(anna.phone_number))

    factories.signed_in(anna).delete("/api/profile/")

    html = page(boss)
    assert states_in(html) == ["delivered"]
    assert "erased" in html
    assert page(boss, f"{Delivery.objects.get().pk}/change/")


def test_nobody_writes_a_message_by_hand_and_only_who_may_see_them_does(boss: Client) -> None:
    codes.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    one = f"{MESSAGES}{Delivery.objects.get().pk}"
    staff = factories.staff()
    helper = browser_of(staff)

    assert [boss.post(url, {"post": "yes"}).status_code for url in (f"{one}/change/", f"{one}/delete/")] == [403, 403]
    assert boss.get(f"{MESSAGES}add/").status_code == 403
    assert helper.get(MESSAGES).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    assert helper.get(MESSAGES).status_code == 200


def test_neither_code_nor_link_is_on_the_page(boss: Client, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_LENGTH = 20  # too long to stand on a page by chance
    sent = codes.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    link = ConfirmationCode.objects.get().verification_token

    for html in (page(boss), page(boss, f"{Delivery.objects.get().pk}/change/")):
        assert not [secret for secret in (sent.confirmation_code, str(link), link.hex) if secret in html]


def test_a_list_of_50_takes_as_many_queries_as_a_list_of_5(boss: Client) -> None:
    def queries_with(messages: int) -> int:
        while (count := Delivery.objects.count()) < messages:
            codes.send_code(client_ip=f"192.0.2.{count}", phone_number=factories.phone_number())
        with CaptureQueriesContext(connection) as queries:
            page(boss)
        return len(queries)

    assert queries_with(5) == queries_with(50)


def test_monitoring_is_told_of_messages_and_failures_by_channel(failing_gateway: SMSC) -> None:
    told = scraped()

    assert 'sms_messages{channel="smsc",outcome="delivered",window="5m"} 1.0' in told
    assert 'sms_messages{channel="json",outcome="delivered",window="5m"} 3.0' in told
    assert 'sms_channel_failures{channel="smsc",window="1h"} 3.0' in told
    assert "sms_longest_wait_seconds 0.0" in told


def test_monitoring_is_told_of_what_waits_and_of_the_last_hour(failing_gateway: SMSC) -> None:
    Delivery.objects.filter(channel="smsc").update(created_at=timezone.now() - timedelta(minutes=30))
    Delivery.objects.filter(channel="json").update(created_at=timezone.now() - timedelta(hours=2))
    sent = codes.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    since = timezone.now() - timedelta(seconds=100)
    Delivery.objects.filter(phone_number=sent.record.phone_number).update(state="waiting", channel="", created_at=since)

    told = scraped()

    assert 'sms_messages{channel="",outcome="waiting",window="5m"} 1.0' in told
    assert 'channel="smsc",outcome="delivered",window="5m"' not in told
    assert 'sms_messages{channel="smsc",outcome="delivered",window="1h"} 1.0' in told
    assert 'channel="json"' not in told
    waits = re.findall(r"sms_longest_wait_seconds (\S+)", told)
    assert 100 <= float(waits[-1]) < 200


def test_a_scrape_takes_as_many_queries_with_many_messages_as_with_few() -> None:
    def queries_with(messages: int) -> int:
        while (count := Delivery.objects.count()) < messages:
            codes.send_code(client_ip=f"192.0.2.{count}", phone_number=factories.phone_number())
        with CaptureQueriesContext(connection) as queries:
            scraped()
        return len(queries)

    assert queries_with(2) == queries_with(20)
