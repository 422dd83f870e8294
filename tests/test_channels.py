"""SMS gateways, run as local servers: success, failure and the order of channels."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.api import post_registration
from tests.support.factories import phone_number, request_code
from tests.support.fake_gateways import SMSC, Gateway
from tests.support.servers import free_port
from users.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def webhook() -> Iterator[Gateway]:
    with Gateway().running() as running:
        yield running


@pytest.fixture
def smsc() -> Iterator[SMSC]:
    with SMSC().running() as running:
        yield running


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Your code is {}. Tell it to nobody."), ("ru", "Ваш код {}. Никому его не сообщайте.")],
)
def test_smsc_message_uses_the_language_of_the_request(
    client: APIClient, settings: Settings, smsc: SMSC, language: str, text: str
) -> None:
    settings.SMS_URL = smsc.sms_url
    phone = phone_number()

    client.credentials(HTTP_ACCEPT_LANGUAGE=language)

    code = request_code(client, phone)

    assert smsc.accepted == [(phone.removeprefix("+"), text.format(code))]
    assert Delivery.objects.get().channel == "smsc"


@pytest.mark.parametrize("number", range(1, 10))
def test_smsc_error_with_status_200_is_a_failure(settings: Settings, smsc: SMSC, number: int) -> None:
    settings.SMS_URL = smsc.sms_url
    smsc.answer = smsc.error(number, "description")

    assert post_registration().status_code == 503
    assert len(smsc.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (500, '{"id": 1, "cnt": 1}'),
        (302, '{"id": 1, "cnt": 1}'),
        (200, ""),
        (200, "<html>We are moving</html>"),
        (200, "[]"),
        (200, "null"),
        (200, "{}"),
        (200, '{"id": 1, "cnt": 1, "error_code": 8, "error": "can not be delivered"}'),
    ],
)
def test_unclear_smsc_response_is_a_failure(settings: Settings, smsc: SMSC, answer: tuple[int, str]) -> None:
    settings.SMS_URL = smsc.sms_url
    smsc.answer = answer

    assert post_registration().status_code == 503


def test_smsc_api_key_is_sent_as_apikey(settings: Settings, smsc: SMSC) -> None:
    settings.SMS_URL = smsc.sms_url.replace(f"{SMSC.LOGIN}:{SMSC.PASSWORD}", "apikey:key-of-the-shop")

    assert post_registration().status_code == 503  # the fake gateway accepts only a login and a password

    assert ("apikey", "key-of-the-shop") in smsc.forms[0].items()
    assert "login" not in smsc.forms[0]


@pytest.mark.parametrize(("status", "answer"), [(200, 202), (201, 202), (204, 202), (400, 503), (404, 503), (500, 503)])
def test_webhook_status_decides(settings: Settings, webhook: Gateway, status: int, answer: int) -> None:
    settings.SMS_URL = webhook.sms_url
    webhook.answer = (status, "")

    assert post_registration().status_code == answer


@pytest.mark.parametrize("kind", [Gateway, SMSC])
def test_hanging_gateway_times_out_and_the_next_one_is_used(
    settings: Settings, webhook: Gateway, kind: type[Gateway]
) -> None:
    settings.SMS_TIMEOUT_SECONDS = 0.2
    with kind().running() as hanging:
        hanging.hangs = True
        settings.SMS_URL = f"{hanging.sms_url} {webhook.sms_url}"

        assert post_registration().status_code == 202

    delivery = Delivery.objects.get()
    assert len(webhook.accepted) == 1
    assert (delivery.state, delivery.last_failure) == (Delivery.State.DELIVERED, Delivery.Failure.TIMEOUT)
    # The default time-out of the library is 4 s.
    assert (delivery.finished_at - delivery.created_at).total_seconds() < 4


def test_next_channel_is_used_only_after_a_failure(settings: Settings, smsc: SMSC, webhook: Gateway) -> None:
    settings.SMS_URL = f"{smsc.sms_url}\n{webhook.sms_url}"
    phone = phone_number()

    assert post_registration().status_code == 202
    assert (len(smsc.accepted), len(webhook.requests)) == (1, 0)

    smsc.answer = smsc.error(3, "no money")
    assert post_registration(phone).status_code == 202
    assert [receiver for receiver, _ in webhook.accepted] == [phone]
    newest = Delivery.objects.first()
    assert (newest.state, newest.channel, newest.failed_channels) == ("delivered", "json", "smsc")


def test_two_channels_of_one_kind_have_different_names(settings: Settings, webhook: Gateway) -> None:
    closed_port = f"json://127.0.0.1:{free_port()}/?:phone={{phone}}"
    settings.SMS_URL = f"{closed_port} {webhook.sms_url}"

    assert post_registration().status_code == 202

    delivery = Delivery.objects.get()
    assert (delivery.channel, delivery.failed_channels) == ("json-2", "json")


@pytest.mark.parametrize(
    ("urls", "failed", "failure"),
    [
        ("nonsense://{phone}", "nonsense", "misconfigured"),
        ("json://127.0.0.1:1/?:phone={phone}", "json", "refused"),
        ("nonsense://{phone} json://127.0.0.1:1/?:phone={phone}", "nonsense json", "refused"),
        ("", "", "misconfigured"),
    ],
)
def test_failure_of_all_channels_is_reported_and_stored(urls: str, failed: str, failure: str) -> None:
    with override_settings(SMS_URL=urls):
        assert post_registration().status_code == 503

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.failed_channels, delivery.last_failure) == ("failed", failed, failure)
    assert (delivery.channel, delivery.attempts) == ("", 1)


def test_gateway_secrets_are_not_stored_or_logged(
    client: APIClient, settings: Settings, smsc: SMSC, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SMS_URL = smsc.sms_url
    code = request_code(client, phone_number())
    smsc.answer = smsc.error(2, f"wrong password {SMSC.PASSWORD}")
    post_registration()

    kept = str(list(Delivery.objects.values()))

    assert "SMSC.ru answered with error 2" in caplog.text
    assert "Channel smsc failed: refused" in caplog.text
    for place in (kept, caplog.text):
        assert SMSC.PASSWORD not in place
    assert f"is {code}" not in caplog.text
