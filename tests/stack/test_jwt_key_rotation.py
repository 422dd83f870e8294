"""The keys of JWTs are rotated while people use their sessions: no request is refused."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from django.core.management import call_command
from pytest_django import Settings

from common import es256
from tests.support.limits import every_limit
from tests.support.service import Service

pytestmark = pytest.mark.xdist_group("outages")
ISSUER = "http://referral.example"


class Replicas:
    """Servers that share a database; clients choose one of them for each request."""

    def __init__(self, folder: Path, keys: str) -> None:
        self._folder, self._count = folder, 0
        self._settings = {"DATABASE_URL": f"sqlite:///{folder}/shared.sqlite3", **every_limit("")}
        self.keys = keys
        self.running: list[Service] = []

    def start(self) -> None:
        folder = self._folder / str(self._count)
        folder.mkdir()
        self._count += 1
        replica = Service(folder, JWT_SIGNING_KEYS=self.keys, **self._settings)
        if not self.running:
            replica.migrate()
        replica.start_web()
        self.running = [*self.running, replica]

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        while True:
            with suppress(requests.ConnectionError):  # that server has just stopped: another one answers
                return random.choice(self.running).request(method, path, **options)

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{random.choice(self.running).port}{path}"


@contextmanager
def replicas(folder: Path, keys: str) -> Iterator[Replicas]:
    several = Replicas(folder, keys)
    try:
        several.start()
        yield several
    finally:
        for each in several.running:
            each.stop()


class Person:
    """Uses a session, and has another program verify each access token."""

    def __init__(self, several: Replicas, number: str) -> None:
        self._several = several
        self.forget_public_keys()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.kids: set[str] = set()
        code = self._count("POST", "/api/registration/", json={"phone_number": number}).json()["confirmation_code"]
        body = {"phone_number": number, "confirmation_code": code}
        self._pair = self._count("POST", "/api/jwt/", json=body).json()

    def forget_public_keys(self) -> None:
        self._keys = jwt.PyJWKClient("http://replaced.example")

    def use(self) -> None:
        for _ in range(4):
            self._verify(self._pair["access"])
            self._count("GET", "/api/profile/", headers={"Authorization": f"Bearer {self._pair['access']}"})
            self._pair = self._count("POST", "/api/jwt/refresh/", json={"refresh": self._pair["refresh"]}).json()

    def _verify(self, access: str) -> None:
        self._keys.uri = self._several.address("/.well-known/jwks.json")
        with suppress(jwt.PyJWKClientConnectionError):  # that server has just stopped
            key = self._keys.get_signing_key_from_jwt(access)
            jwt.decode(access, key.key, algorithms=["ES256"], issuer=ISSUER, audience=ISSUER)
            self.kids.add(str(key.key_id))

    def _count(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = self._several.request(method, path, **options)
        self.statuses[path, answer.status_code] += 1
        return answer


def next_keys(settings: Settings, keys: str, step: str) -> str:
    """Return what `manage.py jwt_key` prints for these keys."""
    settings.JWT_SIGNING_KEYS = keys.split(",")
    out = StringIO()
    call_command("jwt_key", step, stdout=out, stderr=StringIO())
    return out.getvalue().splitlines()[-1]


def replace(several: Replicas, people: list[Person]) -> None:
    """Replace the server by one with the keys of now; people use both at the same time."""
    (former,) = several.running
    several.start()
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(Person.use, people))
        uses = [pool.submit(person.use) for person in people]
        several.running = several.running[1:]
        former.stop()
        for use in uses:
            use.result()


def test_no_request_is_refused_while_the_keys_are_rotated(tmp_path: Path, settings: Settings) -> None:
    first = es256.generate()
    with replicas(tmp_path, first) as several:
        people = [Person(several, f"+7999888000{nth}") for nth in range(3)]

        for step in ("add", "promote", "drop"):
            several.keys = next_keys(settings, several.keys, step)
            replace(several, people)
            # The next step waits until tokens were renewed, and what programs keep of the public keys has expired.
            for person in people:
                person.forget_public_keys()
                person.use()

    for person in people:
        assert {status for _, status in person.statuses} == {200, 202}, person.statuses
        assert person.statuses["/api/jwt/refresh/", 200] == 3 * 3 * 4
        assert len(person.kids) == 2
        assert es256.parse(first).kid in person.kids
