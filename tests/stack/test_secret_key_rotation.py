"""A planned rotation of SECRET_KEY ends nothing; a leaked key is void at once; a worker with another key is refused."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.api import post_login, post_registration
from tests.support.factories import create_superuser, create_user, phone_number, request_code, sign_up, wrong_code
from tests.support.fake_gateways import Gateway
from tests.support.panel import MESSAGES, panel_client
from tests.support.second_factor import PAGE, set_up
from tests.support.servers import redis_server, wait_until
from tests.support.service import Service, service
from users.models import Delivery
from users.upkeep import secret_key

FORMER, NEW = "f" * 50, "n" * 50
PASSWORD = "correct horse battery"

Thing = Callable[[Settings], Callable[[], bool]]


def planned(settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW


def after_a_leak(settings: Settings) -> None:
    settings.SECRET_KEY = NEW


def waiting_code(_settings: Settings) -> Callable[[], bool]:
    phone = phone_number()
    code = request_code(APIClient(), phone)
    return lambda: bool(post_login(phone, code).status_code == 200)


def browser_session(_settings: Settings) -> Callable[[], bool]:
    browser = pages.signed_in_browser(create_user())
    return lambda: browser.get("/profile/").status_code == 200


def number_typed_on_a_page(_settings: Settings) -> Callable[[], bool]:
    browser = pages.anonymous_browser()
    pages.request_code(browser, phone_number())
    return lambda: browser.get("/sign-in/code/").status_code == 200


def known_address(settings: Settings) -> Callable[[], bool]:
    """Is the number locked for others only, who tried wrong codes?"""
    settings.LIMIT_WRONG_TRIES_PER_NUMBER = "1/day"
    phone = phone_number()
    sign_up(APIClient(), phone)

    def is_known() -> bool:
        code = request_code(APIClient(), phone)
        post_login(phone, wrong_code(code), client_ip="10.0.0.9")
        assert post_login(phone, code, client_ip="10.0.0.9").status_code == 429
        return bool(post_login(phone, code).status_code == 200)

    return is_known


def recovery_code(settings: Settings) -> Callable[[], bool]:
    settings.STAFF_SECOND_FACTOR = True
    boss = create_superuser(password=PASSWORD)

    def after_password() -> Client:
        browser = Client()
        browser.post("/admin/login/", {"username": boss.phone_number, "password": PASSWORD})
        return browser

    _, codes = set_up(after_password())

    def works() -> bool:
        browser = after_password()
        browser.post(PAGE, {"code": codes[0]})
        return browser.get("/admin/").status_code == 200

    return works


THINGS: tuple[Thing, ...] = (waiting_code, browser_session, number_typed_on_a_page, known_address, recovery_code)


@pytest.mark.django_db
@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize(("rotate", "survives"), [(planned, True), (after_a_leak, False)])
def test_what_survives_a_rotation(
    settings: Settings, thing: Thing, rotate: Callable[[Settings], None], survives: bool
) -> None:
    holds = thing(settings)

    rotate(settings)

    assert holds() is survives


@pytest.mark.django_db
def test_wrong_tries_are_forgiven_after_a_rotation(settings: Settings) -> None:
    settings.LIMIT_WRONG_TRIES_PER_NUMBER_AND_ADDRESS = "2/day"
    phone = phone_number()
    code = post_registration(phone).json()["confirmation_code"]
    post_login(phone, wrong_code(code))
    planned(settings)
    assert post_login(phone, code).status_code == 200

    again = post_registration(phone).json()["confirmation_code"]
    post_login(phone, wrong_code(again))

    assert post_login(phone, again).status_code == 200


@pytest.fixture
def former(tmp_path: Path) -> Any:
    """The service with its former key, a broker and a gateway, without a worker."""
    with Gateway().running() as gateway, redis_server() as url:
        own = {"REDIS_URL": url, "SMS_URL": gateway.sms_url, "SECRET_KEY": FORMER, "SMS_RETRY_SECONDS": "0.2"}
        with service(tmp_path, **own) as running:
            running.migrate()
            yield running, gateway


def restart(running: Service, web: "subprocess.Popen[bytes]", **settings: str) -> "subprocess.Popen[bytes]":
    web.terminate()
    web.wait()
    running.settings |= settings
    running.migrate()
    return running.start_web()


@pytest.mark.xdist_group("delivery worker")
def test_waiting_messages_survive_a_planned_rotation_and_jwts_do_not_depend_on_it(former: Any) -> None:
    running, gateway = former
    web = running.start_web()
    mine, theirs = phone_number(), phone_number()
    body = {"phone_number": mine, "confirmation_code": registered(running, mine)}
    pair = running.post("/api/jwt/", body).json()
    code = registered(running, theirs)

    web = restart(running, web, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=FORMER)
    worker = running.start_worker()
    assert code in gateway.message_to(theirs)
    assert running.post("/api/login/", {"phone_number": theirs, "confirmation_code": code}).status_code == 200
    assert profile(running, pair["access"]) == 200
    renewed = running.post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).json()
    worker.terminate()
    worker.wait()

    restart(running, web, SECRET_KEY_FALLBACKS="")
    assert profile(running, pair["access"]) == 200
    assert profile(running, renewed["access"]) == 200


def registered(running: Service, phone: str) -> str:
    return str(running.post("/api/registration/", {"phone_number": phone}).json()["confirmation_code"])


def profile(running: Service, access: str) -> int:
    return running.get("/api/profile/", headers={"Authorization": f"Bearer {access}"}).status_code


@pytest.mark.xdist_group("delivery worker")
def test_a_worker_with_another_key_is_refused_and_loses_nothing(former: Any) -> None:
    running, gateway = former
    running.start_web()
    phone = phone_number()
    code = registered(running, phone)

    running.settings["SECRET_KEY"] = NEW
    refused = running.start_worker()
    assert refused.wait() == 1
    assert running.has_said("This SECRET_KEY is not that of the service")
    assert not running.has_said("ready.")
    assert gateway.requests == []

    running.settings["SECRET_KEY"] = FORMER
    running.start_worker()
    assert code in gateway.message_to(phone)


@pytest.mark.xdist_group("delivery worker")
def test_a_message_that_one_worker_can_not_read_is_left_to_another(former: Any) -> None:
    running, gateway = former
    web = running.start_web()
    running.start_worker()
    wait_until(lambda: running.has_said("ready."))
    # A rotation begins: the new web processes write what the old worker can't read.
    restart(running, web, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=FORMER)
    phone = phone_number()
    code = registered(running, phone)
    wait_until(lambda: running.has_said("encrypted with another SECRET_KEY"))

    running.start_worker()

    assert code in gateway.message_to(phone)
    assert len(gateway.requests) == 1


@pytest.mark.django_db
def test_the_panel_says_that_a_worker_was_refused(admin_client: Client, settings: Settings) -> None:
    secret_key.store()
    assert secret_key.is_accepted()
    assert "A worker was refused" not in admin_client.get(MESSAGES).content.decode()

    former, settings.SECRET_KEY = settings.SECRET_KEY, NEW
    assert not secret_key.is_accepted()
    settings.SECRET_KEY = former

    assert re.search("A worker was refused at .* SECRET_KEY", admin_client.get(MESSAGES).content.decode())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [former]
    assert secret_key.is_accepted()


@pytest.mark.django_db
def test_the_panel_says_which_message_no_worker_could_read() -> None:
    Delivery.objects.create(
        phone_number=phone_number(),
        verification_token="00000000-0000-4000-8000-000000000000",
        created_at="2026-01-01T00:00Z",
        expires_at="2026-01-01T00:05Z",
        last_failure=Delivery.Failure.UNREADABLE,
    )

    assert "with another SECRET_KEY" in panel_client(create_superuser()).get(MESSAGES).content.decode()
