"""The clocks of two servers differ by seconds: a session opened by one is accepted by the other."""

from collections.abc import Callable

import pytest
import time_machine
from django.conf import settings
from rest_framework.test import APIClient

from tests.support import pages
from tests.support.factories import authorized_client, create_user, phone_number, request_code, sign_up
from users.models import User

pytestmark = pytest.mark.django_db

Uses = Callable[[], int]


def token_session() -> tuple[Uses, float]:
    session = authorized_client(f"Token {sign_up(APIClient(), phone_number())['token']}")
    return lambda: session.get("/api/profile/").status_code, settings.TOKEN_LIFETIME_DAYS * 86_400


def jwt_pair() -> dict[str, str]:
    client, phone = APIClient(), phone_number()
    body = {"phone_number": phone, "confirmation_code": request_code(client, phone)}
    return dict(client.post("/api/jwt/", body).json())


def access_token() -> tuple[Uses, float]:
    session = authorized_client(f"Bearer {jwt_pair()['access']}")
    return lambda: session.get("/api/profile/").status_code, settings.JWT_ACCESS_LIFETIME_MINUTES * 60


def refresh_token() -> tuple[Uses, float]:
    body = {"refresh": jwt_pair()["refresh"]}
    lifetime = settings.JWT_REFRESH_LIFETIME_DAYS * 86_400
    return lambda: APIClient().post("/api/jwt/refresh/", body).status_code, lifetime


def renewed_refresh_token() -> tuple[Uses, float]:
    first = APIClient().post("/api/jwt/refresh/", {"refresh": jwt_pair()["refresh"]}).json()
    lifetime = settings.JWT_REFRESH_LIFETIME_DAYS * 86_400
    return lambda: APIClient().post("/api/jwt/refresh/", {"refresh": first["refresh"]}).status_code, lifetime


def web_session() -> tuple[Uses, float]:
    browser = pages.signed_in_browser(create_user())
    return lambda: browser.get("/profile/").status_code, settings.SESSION_COOKIE_AGE


SESSIONS = [token_session, access_token, refresh_token, renewed_refresh_token, web_session]
each_session = pytest.mark.parametrize("open_session", SESSIONS)
TOKENS = SESSIONS[:-1]


@each_session
@pytest.mark.parametrize("seconds", [-9, -3, 4, 9])
def test_a_session_opened_elsewhere_is_accepted(
    open_session: Callable[[], tuple[Uses, float]], seconds: float, clock: time_machine.Traveller
) -> None:
    use, _ = open_session()

    clock.shift(seconds)

    assert use() == 200


@pytest.mark.parametrize("open_session", TOKENS)
def test_a_token_is_accepted_until_it_expires_on_every_clock(
    open_session: Callable[[], tuple[Uses, float]], clock: time_machine.Traveller
) -> None:
    use, lifetime = open_session()

    clock.shift(lifetime + 8)

    assert use() == 200


@each_session
def test_a_session_ends_after_its_lifetime(
    open_session: Callable[[], tuple[Uses, float]], clock: time_machine.Traveller
) -> None:
    use, lifetime = open_session()

    clock.shift(lifetime + 12)

    assert use() in (401, 302)


def test_a_refresh_token_used_on_two_servers_gives_the_same_successor(clock: time_machine.Traveller) -> None:
    first = jwt_pair()["refresh"]
    answers = []
    for seconds in (0, -6, 9):
        clock.shift(seconds)
        answers.append(APIClient().post("/api/jwt/refresh/", {"refresh": first}))

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["refresh"] for answer in answers}) == 1


def test_a_sign_out_everywhere_ends_a_session_opened_by_a_server_ahead(clock: time_machine.Traveller) -> None:
    pair = jwt_pair()
    clock.shift(-5)

    assert authorized_client(f"Bearer {pair['access']}").post("/api/logout/all/").status_code == 204

    assert APIClient().post("/api/jwt/refresh/", {"refresh": pair["refresh"]}).status_code == 401
    assert User.objects.get().session_epoch == 1
