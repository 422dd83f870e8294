"""Gateways, as local servers that answer like the real ones: what counts as sent, what as failed, who is next."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support.factories import ask_for_code, phone_number
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


def register(client: APIClient, phone: str | None = None) -> int:
    """Ask for a code; return the status of the answer."""
    return client.post("/api/registration/", {"phone_number": phone or phone_number()}).status_code


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Your code is {}. Tell it to nobody."), ("ru", "Ваш код {}. Никому его не сообщайте.")],
)
def test_smsc_takes_the_code_in_the_language_of_the_request(
    client: APIClient, settings: Settings, smsc: SMSC, language: str, text: str
) -> None:
    settings.SMS_URL = smsc.sms_url
    phone = phone_number()

    client.credentials(HTTP_ACCEPT_LANGUAGE=language)

    code = ask_for_code(client, phone)

    assert smsc.accepted == [(phone.removeprefix("+"), text.format(code))]
    assert Delivery.objects.get().channel == "smsc"


@pytest.mark.parametrize("number", range(1, 10))
def test_an_error_of_smsc_is_a_failure_though_its_status_is_200(
    client: APIClient, settings: Settings, smsc: SMSC, number: int
) -> None:
    settings.SMS_URL = smsc.sms_url
    smsc.answer = smsc.error(number, "description")

    assert register(client) == 503
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
def test_an_answer_of_smsc_that_is_no_clear_yes_is_a_failure(
    client: APIClient, settings: Settings, smsc: SMSC, answer: tuple[int, str]
) -> None:
    settings.SMS_URL = smsc.sms_url
    smsc.answer = answer

    assert register(client) == 503


def test_smsc_is_told_an_api_key_as_such(client: APIClient, settings: Settings, smsc: SMSC) -> None:
    settings.SMS_URL = smsc.sms_url.replace(f"{SMSC.LOGIN}:{SMSC.PASSWORD}", "apikey:key-of-the-shop")

    assert register(client) == 503  # the double takes a login and a password only

    assert ("apikey", "key-of-the-shop") in smsc.forms[0].items()
    assert "login" not in smsc.forms[0]


@pytest.mark.parametrize(("status", "answer"), [(200, 202), (201, 202), (204, 202), (400, 503), (404, 503), (500, 503)])
def test_a_webhook_tells_by_its_status(
    client: APIClient, settings: Settings, webhook: Gateway, status: int, answer: int
) -> None:
    settings.SMS_URL = webhook.sms_url
    webhook.answer = (status, "")

    assert register(client) == answer


@pytest.mark.parametrize("kind", [Gateway, SMSC])
def test_a_gateway_that_hangs_is_left_in_time_and_the_next_one_is_asked(
    client: APIClient, settings: Settings, webhook: Gateway, kind: type[Gateway]
) -> None:
    settings.SMS_TIMEOUT_SECONDS = 0.2
    with kind().running() as hanging:
        hanging.hangs = True
        settings.SMS_URL = f"{hanging.sms_url} {webhook.sms_url}"

        assert register(client) == 202

    delivery = Delivery.objects.get()
    assert len(webhook.accepted) == 1
    assert (delivery.state, delivery.last_failure) == (Delivery.State.DELIVERED, Delivery.Failure.TIMEOUT)
    # The library's own patience is 4 s.
    assert (delivery.finished_at - delivery.created_at).total_seconds() < 4


def test_the_next_channel_is_asked_only_when_the_one_before_fails(
    client: APIClient, settings: Settings, smsc: SMSC, webhook: Gateway
) -> None:
    settings.SMS_URL = f"{smsc.sms_url}\n{webhook.sms_url}"
    phone = phone_number()

    assert register(client) == 202
    assert (len(smsc.accepted), len(webhook.requests)) == (1, 0)

    smsc.answer = smsc.error(3, "no money")
    assert register(client, phone) == 202
    assert [receiver for receiver, _ in webhook.accepted] == [phone]
    newest = Delivery.objects.first()
    assert (newest.state, newest.channel, newest.failed_channels) == ("delivered", "json", "smsc")


def test_two_channels_of_a_kind_have_names_of_their_own(
    client: APIClient, settings: Settings, webhook: Gateway
) -> None:
    nobody = f"json://127.0.0.1:{free_port()}/?:phone={{phone}}"
    settings.SMS_URL = f"{nobody} {webhook.sms_url}"

    assert register(client) == 202

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
def test_when_all_channels_fail_it_is_told_and_kept(client: APIClient, urls: str, failed: str, failure: str) -> None:
    with override_settings(SMS_URL=urls):
        assert register(client) == 503

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.failed_channels, delivery.last_failure) == ("failed", failed, failure)
    assert (delivery.channel, delivery.attempts) == ("", 1)


def test_no_secret_of_a_gateway_is_kept_or_logged(
    client: APIClient, settings: Settings, smsc: SMSC, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SMS_URL = smsc.sms_url
    code = ask_for_code(client, phone_number())
    smsc.answer = smsc.error(2, f"wrong password {SMSC.PASSWORD}")
    register(client)

    kept = str(list(Delivery.objects.values()))

    assert "SMSC.ru answered with error 2" in caplog.text
    assert "Channel smsc failed: refused" in caplog.text
    for place in (kept, caplog.text):
        assert SMSC.PASSWORD not in place
    assert f"is {code}" not in caplog.text
