"""Messages and failing gateways in the admin panel and in the metrics."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import factories
from tests.support.fake_gateways import SMSC, Gateway
from tests.support.metrics import scrape_metrics
from tests.support.panel import MESSAGES, panel_client
from tests.support.queries import count_queries
from users.models import ConfirmationCode, Delivery
from users.sign_in import sending

pytestmark = pytest.mark.django_db


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"{MESSAGES}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def states_in(html: str) -> list[str]:
    return re.findall(r">\s*(waiting|delivered|failed|replaced)\s*</span>", html)


def sms_metrics() -> str:
    return "\n".join(line for line in scrape_metrics().splitlines() if line.startswith("sms_"))


@pytest.fixture
def failing_gateway(settings: Settings) -> Iterator[SMSC]:
    """Two gateways: the first accepts one message and fails three, which the second accepts."""
    client = APIClient()
    with SMSC().running() as smsc, Gateway().running() as webhook:
        settings.SMS_URL = f"{smsc.sms_url} {webhook.sms_url}"
        factories.request_code(client, factories.phone_number())
        smsc.answer = smsc.error(3, "no money")
        for _ in range(3):
            factories.request_code(client, factories.phone_number())
        yield smsc


def test_failing_gateway_is_shown_above_the_list(admin_client: Client, failing_gateway: SMSC) -> None:
    html = page(admin_client)

    assert "Gateway smsc failed 3 of its last 4 messages." in html
    assert "Gateway json" not in html
    assert states_in(html) == ["delivered"] * 4
    assert SMSC.PASSWORD not in html


def test_gateway_warning_is_translated(admin_client: Client, failing_gateway: SMSC) -> None:
    html = admin_client.get(MESSAGES, HTTP_ACCEPT_LANGUAGE="ru").content.decode()

    assert "Шлюз smsc не доставил 3 из последних 4 сообщений." in html


def test_recovered_gateway_is_not_shown(admin_client: Client, failing_gateway: SMSC) -> None:
    failing_gateway.answer = None
    for _ in range(3):
        sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())

    assert "Gateway" not in page(admin_client)


def test_failures_older_than_a_day_are_not_shown(admin_client: Client, failing_gateway: SMSC) -> None:
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert "Gateway" not in page(admin_client)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"state": "waiting"}, "waiting"),
        ({"state": "delivered"}, "delivered"),
        ({"state": "failed"}, "failed"),
        ({"state": "replaced"}, "replaced"),
        # Its task was lost and its code has expired.
        ({"state": "waiting", "expires_at": "2025-01-01T00:00Z"}, "failed"),
    ],
)
def test_message_is_shown_and_filtered_by_its_outcome(
    admin_client: Client, changes: dict[str, Any], state: str
) -> None:
    sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    Delivery.objects.update(**changes)

    assert states_in(page(admin_client)) == [state]
    assert re.search(rf">\s*{state}\s*<", page(admin_client, f"{Delivery.objects.get().pk}/change/"))
    for asked in Delivery.State.values:
        assert states_in(page(admin_client, f"?outcome={asked}")) == ([state] if asked == state else [])


def test_messages_are_found_by_number_channel_and_day(admin_client: Client) -> None:
    phone = factories.phone_number()
    sending.send_code(client_ip="192.0.2.1", phone_number=phone)
    sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    national = phone.replace("+7", "8 ")

    found = [f"?q={national}", f"?q={national}&channel=console&created_at_from=2020-01-01&created_at_to=9999-12-31"]
    missed = ["?q=+79990000000", "?q=Anna", "?channel=json", "?created_at_to=2020-01-01"]

    assert [len(states_in(page(admin_client, query))) for query in found] == [1, 1]
    assert [len(states_in(page(admin_client, query))) for query in missed] == [0] * len(missed)
    assert len(states_in(page(admin_client, "?outcome=nonsense&created_at_from=yesterday"))) == 2


def test_message_of_an_erased_user_has_no_number(admin_client: Client) -> None:
    anna = factories.create_user()
    sending.send_code(client_ip="192.0.2.1", phone_number=str(anna.phone_number))

    factories.api_client(anna).delete("/api/profile/")

    html = page(admin_client)
    assert states_in(html) == ["delivered"]
    assert "erased" in html
    assert page(admin_client, f"{Delivery.objects.get().pk}/change/")


def test_messages_are_read_only_and_require_permission(admin_client: Client) -> None:
    sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    one = f"{MESSAGES}{Delivery.objects.get().pk}"
    staff = factories.create_staff()
    helper = panel_client(staff)

    assert [admin_client.post(url, {"post": "yes"}).status_code for url in (f"{one}/change/", f"{one}/delete/")] == [
        403,
        403,
    ]
    assert admin_client.get(f"{MESSAGES}add/").status_code == 403
    assert helper.get(MESSAGES).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    assert helper.get(MESSAGES).status_code == 200


def test_pages_show_no_code_or_link(admin_client: Client, settings: Settings) -> None:
    settings.CONFIRMATION_CODE_LENGTH = 20  # too long to appear on a page by chance
    sent = sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    link = ConfirmationCode.objects.get().verification_token

    for html in (page(admin_client), page(admin_client, f"{Delivery.objects.get().pk}/change/")):
        assert not [secret for secret in (sent.confirmation_code, str(link), link.hex) if secret in html]


@pytest.mark.usefixtures("unlimited")
def test_number_of_queries_does_not_grow_with_the_list(admin_client: Client) -> None:
    def queries_with(messages: int) -> int:
        while (count := Delivery.objects.count()) < messages:
            sending.send_code(client_ip=f"192.0.2.{count}", phone_number=factories.phone_number())
        return count_queries(lambda: page(admin_client))

    page(admin_client)  # writes that the session is in use, once a day
    assert queries_with(5) == queries_with(50)


def test_metrics_count_messages_and_failures_by_channel(failing_gateway: SMSC) -> None:
    result = sms_metrics()

    assert 'sms_messages{channel="smsc",outcome="delivered",window="5m"} 1.0' in result
    assert 'sms_messages{channel="json",outcome="delivered",window="5m"} 3.0' in result
    assert 'sms_channel_failures{channel="smsc",window="1h"} 3.0' in result
    assert "sms_longest_wait_seconds 0.0" in result


def test_metrics_cover_waiting_messages_and_the_last_hour(failing_gateway: SMSC) -> None:
    Delivery.objects.filter(channel="smsc").update(created_at=timezone.now() - timedelta(minutes=30))
    Delivery.objects.filter(channel="json").update(created_at=timezone.now() - timedelta(hours=2))
    sent = sending.send_code(client_ip="192.0.2.1", phone_number=factories.phone_number())
    since = timezone.now() - timedelta(seconds=100)
    Delivery.objects.filter(phone_number=sent.record.phone_number).update(state="waiting", channel="", created_at=since)

    result = sms_metrics()

    assert 'sms_messages{channel="",outcome="waiting",window="5m"} 1.0' in result
    assert 'channel="smsc",outcome="delivered",window="5m"' not in result
    assert 'sms_messages{channel="smsc",outcome="delivered",window="1h"} 1.0' in result
    assert 'channel="json"' not in result
    waits = re.findall(r"sms_longest_wait_seconds (\S+)", result)
    assert 100 <= float(waits[-1]) < 200


def test_number_of_queries_of_a_scrape_is_constant() -> None:
    def queries_with(messages: int) -> int:
        while (count := Delivery.objects.count()) < messages:
            sending.send_code(client_ip=f"192.0.2.{count}", phone_number=factories.phone_number())
        return count_queries(sms_metrics)

    assert queries_with(2) == queries_with(20)
