"""200 concurrent requests on two processes of four threads: exactly the limit passes."""

import itertools
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Barrier

import psycopg2
import pytest
import requests
from django.db import connection

from tests.support.servers import redis_server
from tests.support.service import Service, service

pytestmark = pytest.mark.xdist_group("concurrent limits")
REQUESTS = 200
SETTINGS = {
    "TRUSTED_PROXIES": "1",
    "SMS_COUNTRIES": "RU,RS",
    "WEB_THREADS": "4",
    # 200 requests keep a busy machine from answering a first statement within the usual 2 s.
    "DATABASE_CONNECT_TIMEOUT_SECONDS": "20",
    # Below the 200 requests.
    "LIMIT_CODES_PER_COUNTRY": "80/hour",
    "LIMIT_CODES_PER_BLOCK": "",
    # Lift what would refuse requests before the limit does.
    "CONFIRMATION_CODE_RESEND_SECONDS": "0",
    "CONFIRMATION_CODE_MAX_WRONG_TRIES": "1000",
}
_addresses = (f"198.51.{third}.{fourth}" for third, fourth in itertools.product(range(256), repeat=2))
_numbers = (f"+7999{nth:07}" for nth in itertools.count(1))


@pytest.fixture(scope="module", params=["in Redis", "in the database alone"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("limits")
    with (
        redis_server() if request.param == "in Redis" else nullcontext("") as redis_url,
        database(folder) as settings,
        service(folder, **SETTINGS, **settings, REDIS_URL=redis_url) as started,
    ):
        started.migrate()
        started.start_web(workers=2)
        yield started


@contextmanager
def database(folder: Path) -> Iterator[dict[str, str]]:
    """Yield settings for an empty database of the same kind, and through PgBouncer if the tests use it."""
    if connection.vendor == "sqlite":
        yield {"DATABASE_URL": f"sqlite:///{folder}/limits.sqlite3"}
        return
    pooled = os.environ.get("DATABASE_POOLED_BY_PGBOUNCER", "False")
    name, server = f"limits_{uuid.uuid4().hex}", psycopg2.connect(os.environ["DATABASE_URL"])
    server.autocommit = True
    server.cursor().execute(f"CREATE DATABASE {name}")
    try:
        url = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
        yield {"DATABASE_URL": url, "DATABASE_POOLED_BY_PGBOUNCER": pooled}
    finally:
        server.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
        server.close()


def new_client_ip() -> dict[str, dict[str, str]]:
    """Return headers with an unused client IP."""
    return {"headers": {"X-Forwarded-For": next(_addresses)}}


def count_outcomes(call: Callable[[int], requests.Response]) -> Counter[str]:
    """Start 200 requests together; count them by the `code` of the problem or "passed"."""
    start = Barrier(REQUESTS)

    def make(nth: int) -> str:
        start.wait()
        answer = call(nth)
        return str(answer.json()["code"]) if answer.status_code >= 400 else "passed"

    with ThreadPoolExecutor(REQUESTS) as pool:
        return Counter(pool.map(make, range(REQUESTS)))


@pytest.mark.parametrize(("addresses", "allowed"), [(1, 3), (REQUESTS, 5)])
def test_codes_per_number(running: Service, addresses: int, allowed: int) -> None:
    body, places = {"phone_number": next(_numbers)}, [new_client_ip() for _ in range(addresses)]

    result = count_outcomes(lambda nth: running.post("/api/registration/", body, **places[nth % addresses]))

    # Two concurrent requests for the first code of a number: one is refused and not counted.
    assert result["passed"] == allowed
    assert result["too_many_codes"] + result["code_recently_sent"] == REQUESTS - allowed


def test_codes_per_ip(running: Service) -> None:
    phones, here = [next(_numbers) for _ in range(REQUESTS)], new_client_ip()

    result = count_outcomes(lambda nth: running.post("/api/registration/", {"phone_number": phones[nth]}, **here))

    assert result == {"passed": 30, "too_many_requests": REQUESTS - 30}


def test_codes_per_country(running: Service) -> None:
    everywhere = [new_client_ip() for _ in range(REQUESTS)]

    result = count_outcomes(
        lambda nth: running.post("/api/registration/", {"phone_number": f"+38160{1_000_000 + nth}"}, **everywhere[nth])
    )

    # A quarter of the limit is for addresses known to the numbers.
    assert result == {"passed": 60, "sending_paused": REQUESTS - 60}


def test_codes_in_total(running: Service, tmp_path: Path) -> None:
    bodies = [({"phone_number": next(_numbers)}, new_client_ip()) for _ in range(REQUESTS)]
    with service(tmp_path, **{**running.settings, "LIMIT_CODES": "20/minute"}) as careful:
        careful.start_web(workers=2)

        result = count_outcomes(lambda nth: careful.post("/api/registration/", bodies[nth][0], **bodies[nth][1]))

    assert result == {"passed": 15, "sending_paused": REQUESTS - 15}


def test_failed_sign_ins_per_ip(running: Service) -> None:
    here = new_client_ip()
    bodies = [{"phone_number": next(_numbers), "confirmation_code": "0000"} for _ in range(REQUESTS)]

    result = count_outcomes(lambda nth: running.post("/api/login/", bodies[nth], **here))

    assert result == {"confirmation_code_expired": 30, "too_many_requests": REQUESTS - 30}


@pytest.mark.parametrize(("addresses", "allowed"), [(1, 10), (REQUESTS, 15)])
def test_wrong_codes_per_number(running: Service, addresses: int, allowed: int) -> None:
    phone, places = next(_numbers), [new_client_ip() for _ in range(addresses)]
    asked = running.post("/api/registration/", {"phone_number": phone}, **new_client_ip()).json()
    wrong = f"{(int(asked['confirmation_code']) + 1) % 10_000:04}"
    body = {"phone_number": phone, "confirmation_code": wrong}

    result = count_outcomes(lambda nth: running.post("/api/login/", body, **places[nth % addresses]))

    assert result["confirmation_code_wrong"] == allowed
    assert result.total() - allowed == result["sign_in_locked"] + result["too_many_requests"]


def test_invite_code_lookups_per_ip(running: Service) -> None:
    here = new_client_ip()

    result = count_outcomes(lambda _: running.get("/api/referral-codes/QQQQQQ/", **here))

    assert result == {"referral_code_not_found": 60, "too_many_requests": REQUESTS - 60}


def test_invite_codes_entered_per_user(running: Service) -> None:
    phone, here = next(_numbers), new_client_ip()
    code = running.post("/api/registration/", {"phone_number": phone}, **here).json()["confirmation_code"]
    body = {"phone_number": phone, "confirmation_code": code}
    token = running.post("/api/login/", body, **here).json()["token"]
    enter = partial(running.request, "PATCH", "/api/profile/", json={"used_referral_code": "QQQQQQ"})

    result = count_outcomes(lambda _: enter(headers={"Authorization": f"Token {token}"}))

    assert result == {"referral_code_not_found": 10, "too_many_referral_codes": REQUESTS - 10}
