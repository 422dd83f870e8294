"""Webhooks: made by services, and what a receiver gets, real requests on a real socket."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from referral_project.settings import BASE_DIR
from tests.support.factories import (
    authorized_client,
    create_user,
    phone_number,
    service_client,
    sign_up,
)
from tests.support.metrics import scrape_metrics
from tests.support.proxies import Proxy
from tests.support.receivers import Receiver
from tests.support.servers import wait_until
from tests.support.tables import tables_with
from users import events
from users.models import AuditRecord, User, Webhook

PATH = "/api/webhooks/"
PUBLIC, PRIVATE = "93.184.215.14", "127.0.0.1"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unlimited")]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as running:
        yield running


@pytest.fixture
def host() -> APIClient:
    return service_client()


def make(host: APIClient, url: str, **fields: Any) -> dict[str, Any]:
    answer = host.post(PATH, {"url": url, **fields})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def deliver() -> None:
    call_command("deliver_events", once=True)


def deliveries(host: APIClient, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = host.get(f"{PATH}{webhook['id']}/deliveries/")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def state(host: APIClient, webhook: dict[str, Any]) -> dict[str, Any]:
    return dict(host.get(f"{PATH}{webhook['id']}/").json())


def register(count: int = 1) -> list[User]:
    phones = [phone_number() for _ in range(count)]
    for phone in phones:
        sign_up(APIClient(), phone)
    return list(User.objects.filter(phone_number__in=phones).order_by("pk"))


# What a receiver gets


def test_a_receiver_gets_each_event_once_in_order_and_signed(host: APIClient, receiver: Receiver) -> None:
    register()
    webhook = make(host, receiver.url())
    inviter = create_user()
    anna = sign_up(APIClient(), phone_number(), used_referral_code=inviter.referral_code)
    host.patch(f"/api/users/{anna['profile']['id']}/", {"username": "Anna"})
    host.delete(f"/api/users/{anna['profile']['id']}/")

    deliver()
    deliver()

    told = [each.event for each in receiver.received]
    assert [event["type"] for event in told] == [
        "person.registered",
        "referral.activated",
        "person.renamed",
        "person.erased",
    ]
    for each in receiver.received:
        assert each.is_signed_by(webhook["secret"])
        assert not each.is_signed_by("whsec_" + "A" * 32)
        assert each.id == each.event["id"]
        assert each.headers["content-type"] == "application/json"
    assert "phone_number" not in str(told)
    assert {each["state"] for each in deliveries(host, webhook)} == {"delivered"}


def test_a_receiver_gets_the_types_and_the_numbers_that_it_asked_for(host: APIClient, receiver: Receiver) -> None:
    make(host, receiver.url("/numbers"), with_phone_numbers=True)
    make(host, receiver.url("/renamed"), types=["person.renamed"])
    (anna,) = register()
    new, old = phone_number(), str(anna.phone_number)
    host.patch(f"/api/users/{anna.public_id}/", {"username": "Anna", "phone_number": new})

    deliver()

    data = {each.event["type"]: each.event["data"] for each in receiver.at("/numbers")}
    assert data["person.registered"]["phone_number"] == old
    assert data["person.phone_number_changed"]["phone_number"] == new
    assert data["person.phone_number_changed"]["former_phone_number"] == old
    assert [each.event["type"] for each in receiver.at("/renamed")] == ["person.renamed"]
    assert new not in str([each.body for each in receiver.at("/renamed")])


def test_a_former_secret_signs_along_for_a_day(
    host: APIClient, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    webhook = make(host, receiver.url())
    new = host.post(f"{PATH}{webhook['id']}/secret/").json()["secret"]
    signed = []
    for _ in range(2):
        register()
        deliver()
        signed.append([receiver.received[-1].is_signed_by(secret) for secret in (webhook["secret"], new)])
        clock.shift(timedelta(hours=24, minutes=1))

    assert new != webhook["secret"]
    assert signed == [[True, True], [False, True]]


def test_a_test_event_goes_to_its_webhook_alone(host: APIClient, receiver: Receiver) -> None:
    tested, _other = make(host, receiver.url("/tested"), types=["person.erased"]), make(host, receiver.url("/other"))

    answer = host.post(f"{PATH}{tested['id']}/test/")
    deliver()

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert [(each.path, each.event["type"]) for each in receiver.received] == [("/tested", "webhook.test")]
    assert deliveries(host, tested)[0]["state"] == "delivered"
    assert host.get("/api/events/").json()["results"] == []


def test_events_are_sent_again_on_request_with_the_same_ids(host: APIClient, receiver: Receiver) -> None:
    webhook = make(host, receiver.url())
    register(2)
    deliver()
    first, second = [each.id for each in receiver.received]
    path = f"{PATH}{webhook['id']}/replay/"

    assert host.post(path, {"event_id": second}).status_code == 202
    deliver()
    assert host.post(path, {"since": "2026-01-01T00:00:00Z"}).status_code == 202
    deliver()

    assert [each.id for each in receiver.received] == [first, second, second, first, second]
    assert len(deliveries(host, webhook)) == 2


def test_more_events_than_get_their_positions_at_a_time_are_sent_at_once(host: APIClient, receiver: Receiver) -> None:
    make(host, receiver.url(), types=["person.erased"])
    somebody = create_user()
    events.people_registered(*[somebody] * 2_500)
    host.delete(f"/api/users/{somebody.public_id}/")

    deliver()

    assert [each.event["type"] for each in receiver.received] == ["person.erased"]


def test_of_two_deliverers_one_has_a_webhook(host: APIClient, receiver: Receiver) -> None:
    make(host, receiver.url("/gate"))
    register(2)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(deliver)
        wait_until(lambda: bool(receiver.received))
        deliver()  # while the receiver has not answered the first one
        receiver.gate.set()
        first.result()

    assert len({each.id for each in receiver.received}) == len(receiver.received) == 2


# Receivers that fail


def test_a_failed_event_is_sent_again_on_schedule_and_then_given_up(
    host: APIClient, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    webhook = make(host, receiver.url("/500"))
    register()
    waits = []

    deliver()
    while (waiting := deliveries(host, webhook)[0])["next_attempt_at"]:
        wait = datetime.fromisoformat(waiting["next_attempt_at"]) - datetime.now(UTC)
        waits.append(wait)
        clock.shift(wait - timedelta(seconds=1))
        deliver()
        assert len(receiver.received) == len(waits)  # not too soon
        clock.shift(timedelta(seconds=2))
        deliver()

    nominal = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert len(waits) == len(nominal)
    assert all(0.89 * each <= wait.total_seconds() <= 1.11 * each for each, wait in zip(nominal, waits, strict=True))
    assert len({wait / timedelta(seconds=each) for each, wait in zip(nominal, waits, strict=True)}) > 3  # spread
    assert len({each.id for each in receiver.received}) == 1
    assert waiting["state"] == "failed"
    assert [each["status"] for each in waiting["attempts"]] == [500] * 10
    assert waiting["answer"] == "thank you"
    assert state(host, webhook)["failing_since"] is not None


def test_five_days_of_failures_switch_a_webhook_off_until_it_is_switched_on(
    host: APIClient, admin_client: Any, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    webhook = make(host, receiver.url("/500"))
    for _ in range(2):
        register()
        deliver()
        clock.shift(timedelta(days=5, minutes=1))
    off = state(host, webhook)
    register()
    deliver()

    assert (off["is_active"], off["switched_off"]) == (False, "failing")
    assert len(receiver.received) == 2  # both attempts of the first event
    assert "switched off" in admin_client.get("/admin/").content.decode()
    assert "switched off" in admin_client.get("/admin/users/webhook/").content.decode()
    assert 'webhooks{state="switched_off"} 1.0' in scrape_metrics()

    host.patch(f"{PATH}{webhook['id']}/", {"is_active": True, "url": receiver.url("/ok")})
    deliver()

    assert state(host, webhook)["failing_since"] is None
    assert len({each.id for each in receiver.at("/ok")}) == 3
    assert "switched off" not in admin_client.get("/admin/").content.decode()


def test_gone_switches_a_webhook_off_at_once(host: APIClient, receiver: Receiver) -> None:
    webhook = make(host, receiver.url("/410"))
    register(2)

    deliver()

    assert len(receiver.received) == 1
    assert (state(host, webhook)["is_active"], state(host, webhook)["switched_off"]) == (False, "gone")


@pytest.mark.parametrize("retry_after", ["600", "date", "soon"])
def test_retry_after_is_honoured(
    host: APIClient, receiver: Receiver, clock: time_machine.Traveller, retry_after: str
) -> None:
    in_ten_minutes = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    receiver.retry_after = in_ten_minutes if retry_after == "date" else retry_after
    make(host, receiver.url("/busy"))
    register(2)
    counts = []
    for seconds in (0, 590, 20):
        clock.shift(timedelta(seconds=seconds))
        deliver()
        counts.append(len(receiver.received))

    assert counts[:2] == [1, 1] if retry_after != "soon" else counts[0] == 2
    assert counts[2] > counts[0]


def test_no_receiver_holds_up_another_and_none_sends_us_elsewhere(host: APIClient, receiver: Receiver) -> None:
    paths = {
        "/drip": "timeout",
        "/hang": "timeout",
        "/garbage": "not_http",
        "/closes": "refused",
        "/redirect": 302,
        "/huge": 200,
        "/ok": 200,
    }
    made = {path: make(host, receiver.url(path)) for path in paths}
    closed = make(host, "http://127.0.0.1:9/")
    register()
    began = time.monotonic()

    deliver()

    took = time.monotonic() - began
    assert took < 9  # both silent ones at once
    result = {}
    for path, webhook in made.items():
        (delivery,) = deliveries(host, webhook)
        (attempt,) = delivery["attempts"]
        result[path] = attempt["failure"] or attempt["status"]
        assert attempt["seconds"] < 6
        assert len(delivery["answer"]) <= 500
    assert result == paths
    assert deliveries(host, closed)[0]["attempts"][0]["failure"] == "refused"
    (ok,) = receiver.at("/ok")
    assert ok.at - min(each.at for each in receiver.received) < 2
    assert {path: len(receiver.at(path)) for path in paths} == dict.fromkeys(paths, 1)


# No way inside


@pytest.fixture
def outside(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """As in production; the addresses of a name are those that the test says."""
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    known: dict[str, list[str]] = {}

    def getaddrinfo(host: str, port: int, *_args: Any, **_options: Any) -> list[Any]:
        if host not in known:
            raise OSError
        return [(0, 0, 0, "", (address, port)) for address in known[host]]

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "2001:0:7f00:1::",
        "::7f00:1",
        "ff02::1",
    ],
)
def test_a_name_that_leads_inside_is_refused(host: APIClient, outside: dict[str, list[str]], address: str) -> None:
    outside["shop.example"] = [PUBLIC, address]

    answer = host.post(PATH, {"url": "https://shop.example/events"})

    assert (answer.status_code, answer.json()["code"]) == (400, "webhook_url_forbidden")
    assert Webhook.objects.count() == 0


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://shop.example/", "webhook_url_invalid"),
        ("ftp://shop.example/", "webhook_url_invalid"),
        ("shop.example", "webhook_url_invalid"),
        ("https://", "webhook_url_invalid"),
        ("https://anna:secret@shop.example/", "webhook_url_invalid"),
        ("https://@shop.example/", "webhook_url_invalid"),
        ("https://shop.example/#x", "webhook_url_invalid"),
        ("https://shop.example:99999/", "webhook_url_invalid"),
        ("https://shop.example\\@127.0.0.1/", "webhook_url_invalid"),
        ("https://магазин.example/", "webhook_url_invalid"),
        ("https://shop.example/a b", "webhook_url_invalid"),
        ("https://[::1/", "webhook_url_invalid"),
        (f"https://shop.example/{'x' * 500}", "invalid_input"),
        ("https://127.0.0.1/", "webhook_url_forbidden"),
        ("https://[::1]/", "webhook_url_forbidden"),
        ("https://unknown.example/", "webhook_url_forbidden"),
    ],
)
def test_a_wrong_address_is_refused(host: APIClient, outside: dict[str, list[str]], url: str, code: str) -> None:
    outside["shop.example"] = [PUBLIC]

    answer = host.post(PATH, {"url": url})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert list(answer.json()["errors"]) == ["url"]


def test_a_name_that_turns_inside_after_saving_gets_nothing(
    host: APIClient, receiver: Receiver, outside: dict[str, list[str]]
) -> None:
    outside["shop.example"] = [PUBLIC]
    webhook = make(host, f"https://shop.example:{receiver.port}/ok")
    register()
    outside["shop.example"] = [PRIVATE]

    deliver()

    assert receiver.received == []
    assert deliveries(host, webhook)[0]["attempts"][0]["failure"] == "forbidden"


# A worker that is killed


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a key and a certificate for the name localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path / "localhost.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def start_deliverer(certificate: Path, settings: Settings, **variables: str) -> "subprocess.Popen[bytes]":
    """Start `manage.py deliver_events` on the database of the test; it trusts the certificate."""
    database = connection.settings_dict
    where = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    url = f"postgres://{where}" if connection.vendor == "postgresql" else f"sqlite:///{database['NAME']}"
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": settings.SECRET_KEY, "DATABASE_URL": url}
    environment |= {"SSL_CERT_FILE": str(certificate), "WEBHOOKS_ALLOW_PRIVATE": "True", **variables}
    return subprocess.Popen([sys.executable, "manage.py", "deliver_events"], cwd=BASE_DIR, env=environment)


def test_what_a_killed_deliverer_has_not_noted_is_sent_again_by_the_same_id(
    host: APIClient, certificate: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Receiver().running(certificate) as receiver:
        webhook = make(host, receiver.url(host="localhost"))
        (anna,) = register()
        deliverer = start_deliverer(certificate, settings)
        receiver.victim = deliverer.pid
        deliverer.wait(60)
        assert [each["state"] for each in deliveries(host, webhook)] == []

        Webhook.objects.update(claimed_until=None)  # as after 20 s
        deliver()

    once, again = receiver.received
    assert once.id == again.id
    assert once.event["data"]["person"]["id"] == str(anna.public_id)
    assert once.headers["host"] == f"localhost:{receiver.port}"
    assert deliveries(host, webhook)[0]["state"] == "delivered"


def test_a_proxy_is_asked_for_the_address_that_was_checked(
    host: APIClient, certificate: Path, settings: Settings
) -> None:
    with Receiver().running(certificate) as receiver, Proxy().running() as proxy:
        webhook = make(host, receiver.url(host="localhost"))
        register(2)
        deliverer = start_deliverer(certificate, settings, WEBHOOKS_PROXY_URL=proxy.url)
        wait_until(lambda: len(deliveries(host, webhook)) == 2, deliverer)
        deliverer.terminate()
        deliverer.wait(60)

    assert proxy.asked == [f"127.0.0.1:{receiver.port}"]
    assert [each.headers["host"] for each in receiver.received] == [f"localhost:{receiver.port}"] * 2
    assert all(each.is_signed_by(webhook["secret"]) for each in receiver.received)


# Made, changed and deleted


def test_a_webhook_is_made_changed_and_deleted_and_the_audit_trail_says_so(host: APIClient) -> None:
    made = make(host, "http://127.0.0.1:9/", types=["person.erased"])
    path = f"{PATH}{made['id']}/"
    changed = host.patch(path, {"types": [], "is_active": False, "with_phone_numbers": True})
    listed = host.get(PATH).json()["results"]
    host.delete(path)

    assert made["secret"].startswith("whsec_")
    assert {"types": [], "is_active": False, "with_phone_numbers": True}.items() <= changed.json().items()
    assert listed == [changed.json()]
    assert "secret" not in changed.json()
    assert host.get(path).status_code == 404
    actions = AuditRecord.objects.filter(thing__startswith="webhook ").order_by("pk").values_list("action", flat=True)
    assert [*actions] == ["created", "changed", "deleted"]
    assert tables_with(made["secret"].removeprefix("whsec_")) == set()


def test_wrong_input_is_refused(host: APIClient) -> None:
    url = "http://127.0.0.1:9/"
    webhook = make(host, url)
    replay = f"{PATH}{webhook['id']}/replay/"

    def code_of(path: str, body: dict[str, Any], field: str) -> str:
        answer = host.post(path, body)
        assert answer.status_code == 400, answer.content
        return str(answer.json()["errors"][field][0]["code"])

    assert code_of(PATH, {"url": url, "types": ["person.exploded"]}, "types.0") == "invalid_choice"
    assert code_of(PATH, {"url": url, "secret": "mine"}, "secret") == "unknown_field"
    assert code_of(PATH, {}, "url") == "required"
    assert code_of(replay, {}, "since") == "invalid"
    assert code_of(replay, {"since": "2026-01-01T00:00Z", "event_id": webhook["id"]}, "since") == "invalid"
    assert code_of(replay, {"event_id": webhook["id"]}, "event_id") == "event_not_found"


def test_there_are_twenty_webhooks_at_most(host: APIClient) -> None:
    for _ in range(20):
        make(host, "http://127.0.0.1:9/")

    answer = host.post(PATH, {"url": "http://127.0.0.1:9/"})

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")


def test_who_may_not_read_people_gives_no_webhook_their_numbers() -> None:
    host = service_client("webhooks:write")
    webhook = make(host, "http://127.0.0.1:9/")

    answer = host.patch(f"{PATH}{webhook['id']}/", {"with_phone_numbers": True})

    assert (answer.status_code, answer.json()["scope"]) == (403, "people:read")
    assert service_client("people:read").get(PATH).json()["scope"] == "webhooks:write"


def test_an_erasure_removes_what_a_receiver_repeated(host: APIClient, receiver: Receiver) -> None:
    webhook = make(host, receiver.url("/echo"), with_phone_numbers=True)
    phone = phone_number()
    token = sign_up(APIClient(), phone, username="Zinaida")["token"]
    deliver()
    assert phone in deliveries(host, webhook)[0]["answer"]

    authorized_client(f"Token {token}").delete("/api/profile/")

    assert deliveries(host, webhook)[0]["answer"] == ""
    assert tables_with(phone) == tables_with("Zinaida") == set()
    assert phone.encode() in receiver.received[0].body


def test_an_answer_that_comes_after_the_erasure_is_not_kept(host: APIClient, receiver: Receiver) -> None:
    webhook = make(host, receiver.url("/late"), with_phone_numbers=True)
    phone = phone_number()
    anna = sign_up(APIClient(), phone, username="Zinaida")["profile"]["id"]

    with ThreadPoolExecutor(1) as other:
        delivery = other.submit(deliver)
        wait_until(lambda: receiver.received)
        assert host.delete(f"/api/users/{anna}/").status_code == 204
        receiver.gate.set()
        delivery.result()

    erased, registered = deliveries(host, webhook)
    assert (erased["type"], registered["type"]) == ("person.erased", "person.registered")
    assert anna in erased["answer"]
    assert registered["answer"] == ""
    assert tables_with(phone) == tables_with("Zinaida") == set()
