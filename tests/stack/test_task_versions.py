"""Workers of two releases share a broker during an upgrade: each understands the other's messages, or leaves them."""

import inspect
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from common.versioned_tasks import LATER_SECONDS, VERSION_HEADER
from referral_project.celery import app
from tests.support.factories import phone_number
from tests.support.fake_gateways import Gateway
from tests.support.servers import redis_server, wait_until
from tests.support.service import Service, service

pytestmark = pytest.mark.xdist_group("delivery worker")
SEND = "users.tasks.send_message"
#: By task and version. Changed arguments need a new version, and a way to it in `upgrades`.
ARGUMENTS = {
    "users.tasks.deliver_to_webhook": {1: {"webhook_id"}},
    "users.tasks.dispatch": {1: set()},
    "users.tasks.dispatch_lost": {1: set()},
    "users.tasks.dispatch_webhooks": {1: set()},
    "users.tasks.purge": {1: set()},
    "users.tasks.roll_up_statistics": {1: set()},
    SEND: {0: {"delivery_id", "text", "number", "taken_by"}, 1: {"delivery_id", "number", "taken_by"}},
}


class Upgrade:
    """A service with messages of other releases in its broker."""

    def __init__(self, running: Service, gateway: Gateway, broker: str) -> None:
        self.service, self.gateway = running, gateway
        self.broker = redis.Redis.from_url(broker)
        self._other_release = Celery(broker=broker)

    def registered(self, phone: str, **columns: str) -> int:
        """Register a person; return the id of the message, with columns as another release left them."""
        assert self.service.post("/api/registration/", {"phone_number": phone}).status_code == 202
        self.broker.delete("celery")  # this release's own message
        changes = "".join(f", {name} = ?" for name in columns)
        with closing(sqlite3.connect(self.service.sqlite_file)) as database, database:
            database.execute(
                f"UPDATE users_delivery SET attempts = attempts{changes} WHERE phone_number = ?",
                (*columns.values(), phone),
            )
            found = database.execute("SELECT id FROM users_delivery WHERE phone_number = ?", (phone,)).fetchone()
        return int(found[0])

    def send(self, *, version: int | None, **arguments: Any) -> None:
        headers = {} if version is None else {VERSION_HEADER: version}
        self._other_release.send_task(SEND, kwargs=arguments, headers=headers)

    def waiting(self) -> list[dict[str, Any]]:
        """Return the messages that the broker keeps for workers."""
        held = [json.loads(one)[0] for one in self.broker.hvals("unacked")]
        return held + [json.loads(one) for one in self.broker.lrange("celery", 0, -1)]


@pytest.fixture
def upgrade(tmp_path: Path) -> Iterator[Upgrade]:
    with Gateway().running() as gateway, redis_server() as broker:
        where = {"REDIS_URL": broker, "SMS_URL": gateway.sms_url}
        with service(tmp_path, **where) as running:
            running.migrate()
            running.start_web()
            yield Upgrade(running, gateway, broker)


def test_arguments_of_tasks_change_only_together_with_their_version() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if name.startswith("users.")}

    assert ours.keys() == ARGUMENTS.keys()
    for name, task in ours.items():
        assert max(ARGUMENTS[name]) == task.version, name
        assert set(inspect.signature(task.run).parameters) == ARGUMENTS[name][task.version], name


def test_a_message_of_a_release_that_kept_the_text_in_the_broker_is_sent(upgrade: Upgrade) -> None:
    phone = phone_number()
    message = upgrade.registered(phone, sealed_text="")
    upgrade.send(version=None, delivery_id=message, text="Your code is 1234.")

    upgrade.service.start_worker()

    assert upgrade.gateway.message_to(phone) == "Your code is 1234."


def test_a_message_of_a_later_release_stays_in_the_broker_for_its_workers(upgrade: Upgrade) -> None:
    phone, next_phone = phone_number(), phone_number()
    message, next_message = upgrade.registered(phone), upgrade.registered(next_phone)
    upgrade.send(version=2, delivery_id=message, priority="high")
    upgrade.send(version=1, delivery_id=next_message)

    worker = upgrade.service.start_worker()

    assert "Your code is" in upgrade.gateway.message_to(next_phone)
    wait_until(lambda: upgrade.service.has_said("of a later release"))
    worker.kill()
    worker.wait()
    kept = [message["headers"] for message in upgrade.waiting() if message["headers"][VERSION_HEADER] == 2]
    assert kept
    assert "priority" in kept[0]["kwargsrepr"]
    assert LATER_SECONDS < 60, "within the life of a code"
    assert [to for to, _text in upgrade.gateway.accepted] == [next_phone]
