"""Outages of PostgreSQL and Redis: fast 503 responses, no loss, recovery without a restart."""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
import requests

from tests.support import factories
from tests.support.servers import PATIENCE_SECONDS, Server, postgres_server
from tests.support.service import Service, service

pytestmark = pytest.mark.xdist_group("outages")
ANSWER_SECONDS = 3
PHONE = "+79991234567"


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def on_postgresql(database: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("postgresql")
    own = {"DATABASE_URL": database.url, "WEB_THREADS": "8", "CONFIRMATION_CODE_RESEND_SECONDS": "0"}
    with service(folder, **own) as running:
        running.migrate()
        running.start_web()
        yield running


@pytest.fixture(scope="module")
def on_sqlite(broker: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    limits = {"LIMIT_FAILED_SIGN_INS_PER_ADDRESS": "3/hour"}
    with service(tmp_path_factory.mktemp("sqlite"), REDIS_URL=broker.url, **limits) as running:
        running.migrate()
        running.start_web()
        yield running


def sign_in(running: Service, phone_number: str) -> dict[str, str]:
    """Sign in and return the Authorization header."""
    code = running.post("/api/registration/", {"phone_number": phone_number}).json()["confirmation_code"]
    answer = running.post("/api/login/", {"phone_number": phone_number, "confirmation_code": code})
    return {"Authorization": f"Token {answer.json()['token']}"}


def assert_unavailable(answer: requests.Response) -> None:
    """Assert a fast 503 problem document with Retry-After."""
    assert answer.elapsed.total_seconds() < ANSWER_SECONDS
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (503, "service_unavailable")
    assert problem["retry_after"] == int(answer.headers["Retry-After"]) > 0


def response_after_outage(request: Callable[[], requests.Response]) -> requests.Response:
    """Repeat a request until the answer is not a 503."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := request()).status_code == 503 and time.monotonic() < deadline:
        pass
    return answer


@pytest.mark.parametrize(
    ("go", "come_back"),
    [(Server.kill, Server.start), (Server.freeze, Server.thaw)],
    ids=["killed", "frozen"],
)
def test_answers_503_without_postgresql_and_recovers(
    database: Server, on_postgresql: Service, go: Callable[[Server], None], come_back: Callable[[Server], None]
) -> None:
    mine = sign_in(on_postgresql, PHONE)
    browser = {"Cookie": "session=0123456789abcdefghijklmnopqrstuv", "Accept-Language": "ru"}
    requests_of_programs: list[Callable[[], requests.Response]] = [
        lambda: on_postgresql.post("/api/registration/", {"phone_number": PHONE}),
        lambda: on_postgresql.post("/api/login/", {"phone_number": PHONE, "confirmation_code": "0000"}),
        lambda: on_postgresql.get("/api/profile/", headers=mine),
        lambda: on_postgresql.request("PATCH", "/api/profile/", json={"username": "Anna"}, headers=mine),
        lambda: on_postgresql.get("/api/referral-codes/CDFHJK/"),
    ]

    go(database)
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(request) for request in requests_of_programs]
        page = pool.submit(on_postgresql.get, "/admin/", headers=browser).result()
        ready = pool.submit(on_postgresql.get, "/health/ready/").result()
    come_back(database)
    back = response_after_outage(lambda: on_postgresql.get("/api/profile/", headers=mine))

    for answer in answers:
        assert_unavailable(answer.result())
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "OperationalError")
    assert ready.elapsed.total_seconds() < ANSWER_SECONDS
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "недоступен" in page.text
    assert (back.status_code, back.json()["phone_number"]) == (200, PHONE)


def test_slow_statement_times_out(database: Server, on_postgresql: Service, tmp_path: Path) -> None:
    mine = sign_in(on_postgresql, PHONE)

    with service(tmp_path, DATABASE_URL=database.url, DATABASE_STATEMENT_TIMEOUT_SECONDS="1") as hurried:
        hurried.start_web()
        # The first answer of a process takes longer, so it is not the one that is timed.
        assert hurried.get("/api/profile/", headers=mine).status_code == 200
        with closing(psycopg2.connect(database.url)) as other, other.cursor() as cursor:
            cursor.execute("LOCK TABLE knox_authtoken")
            held_up = hurried.get("/api/profile/", headers=mine)
        freed = response_after_outage(lambda: hurried.get("/api/profile/", headers=mine))

    assert_unavailable(held_up)
    assert freed.status_code == 200


@contextmanager
def unresponsive_port() -> Iterator[int]:
    """Yield a port that neither accepts nor refuses connections."""
    with socket.socket() as full, socket.socket() as first:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())
        yield full.getsockname()[1]


def test_connecting_to_an_unresponsive_database_times_out(tmp_path: Path) -> None:
    with unresponsive_port() as port, service(tmp_path, DATABASE_URL=f"postgres://x@127.0.0.1:{port}/x") as running:
        running.start_web()

        assert_unavailable(running.post("/api/registration/", {"phone_number": PHONE}))


def test_locked_sqlite_database_answers_503(on_sqlite: Service, tmp_path: Path) -> None:
    with service(tmp_path, DATABASE_URL=f"sqlite:///{on_sqlite.sqlite_file}?timeout=1") as hurried:
        hurried.start_web()
        with closing(sqlite3.connect(on_sqlite.sqlite_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            held_up = hurried.post("/api/registration/", {"phone_number": PHONE})
        freed = response_after_outage(lambda: hurried.post("/api/registration/", {"phone_number": PHONE}))

    assert_unavailable(held_up)
    assert freed.status_code == 202


def test_missing_table_answers_500(on_sqlite: Service) -> None:
    with closing(sqlite3.connect(on_sqlite.sqlite_file)) as other:
        other.execute("ALTER TABLE users_user RENAME TO elsewhere")
        answer = on_sqlite.get("/api/referral-codes/CDFHJK/")
        other.execute("ALTER TABLE elsewhere RENAME TO users_user")

    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")


@pytest.mark.parametrize(
    ("go", "come_back"),
    [(Server.kill, Server.start), (Server.freeze, Server.thaw)],
    ids=["killed", "frozen"],
)
def test_sign_in_works_without_redis(
    broker: Server, on_sqlite: Service, go: Callable[[Server], None], come_back: Callable[[Server], None]
) -> None:
    phones = factories.phone_number(), factories.phone_number()

    go(broker)
    sent = on_sqlite.post("/api/registration/", {"phone_number": phones[0]})
    login = on_sqlite.post(
        "/api/login/", {"phone_number": phones[0], "confirmation_code": sent.json()["confirmation_code"]}
    )
    mine = {"Authorization": f"Token {login.json()['token']}"}
    profile = on_sqlite.get("/api/profile/", headers=mine)
    ready = on_sqlite.get("/health/ready/")
    come_back(broker)
    accepted = on_sqlite.post("/api/registration/", {"phone_number": phones[1]})

    assert (sent.status_code, login.status_code, profile.status_code) == (202, 200, 200)
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert [name for name, answer in ready.json()["checks"].items() if answer != "ok"] == ["cache", "broker"]
    for answer in (sent, login, profile, ready):
        assert answer.elapsed.total_seconds() < ANSWER_SECONDS
    assert accepted.status_code == 202


def test_limits_hold_without_redis(broker: Server, on_sqlite: Service) -> None:
    guess = {"phone_number": factories.phone_number(), "confirmation_code": "0000"}

    broker.kill()
    answers = [on_sqlite.post("/api/login/", guess) for _ in range(4)]
    broker.start()

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
