"""Migrate the database while an older release serves: `python -m benchmarks.old_release COMMIT [USERS]`.

The older release (gunicorn, worker, scheduler) is unpacked from Git and runs as deployed, with the packages of this
one. Half of the users register, sign in and enter invite codes while the migrations of this release run, and the other
half after that, on the older code. Then this release starts on the same database. Exits with 1 if a client got anything
but a success or a problem document that allows a retry, if something acknowledged is missing, or if a session ended.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults import SETTINGS, Client, Record, SlowGateway, check, report
from referral_project.settings import BASE_DIR
from tests.support.servers import Server, durable_redis_server, postgres_server
from tests.support.service import Service, service

USERS = 200
CONCURRENCY = 8
OWN = {**SETTINGS, "LIMIT_CODES_PER_ADDRESS": "", "LIMIT_CODES_PER_BLOCK": "", "SMS_COUNTRIES": "*"}


@dataclass
class Upgrade:
    """Both releases on one database."""

    old: Service
    service: Service
    database: Server


def unpack(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a folder and return it."""
    archive = subprocess.run(["git", "archive", commit], cwd=BASE_DIR, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


@contextmanager
def upgrade(commit: str) -> Iterator[tuple[Upgrade, SlowGateway]]:
    """Yield the older release, which runs, and this one, which does not yet."""
    with ExitStack() as started:
        folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="upgrade-")))
        database, broker = started.enter_context(postgres_server()), started.enter_context(durable_redis_server())
        gateway = started.enter_context(SlowGateway().running())
        urls = {"DATABASE_URL": database.url, "REDIS_URL": broker.url, "SMS_URL": gateway.sms_url}
        logs = [folder / "old", folder / "new"]
        for log in logs:
            log.mkdir()
        old = started.enter_context(service(logs[0], code=unpack(commit, folder / "code"), **OWN, **urls))
        old.migrate()
        old.start_web(workers=2)
        old.start_worker()
        old.start_beat()
        new = started.enter_context(service(logs[1], **OWN, **urls))
        yield Upgrade(old, new, database), gateway


def load(running: Upgrade, gateway: SlowGateway, people: int) -> Record:
    """Run all clients on the older release: half of them around the migrations, half of them after."""
    record, codes, finished = Record(), list[str](), threading.Semaphore(0)

    def run(number: int) -> None:
        url = f"http://127.0.0.1:{running.old.port}"
        client = Client(f"+7999{number:07}", f"10.0.{number // 250}.{number % 250 + 1}", url, gateway, record)
        try:
            codes.append(client.run(codes[-1] if codes else None))
        except Exception as failure:  # noqa: BLE001  any exception is a violation
            record.violations.append(f"{client.phone_number}: {failure!r}")
        finally:
            finished.release()

    half = people // 2
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for number in range(half):
            pool.submit(run, number)
        for _ in range(half // 3):
            finished.acquire()
        start, before = time.monotonic(), len(codes)
        running.service.migrate()
        seconds, meanwhile = time.monotonic() - start, len(codes) - before
        print(f"migrated in {seconds:.1f} s, while {meanwhile} users signed in; {half} follow", flush=True)
        for number in range(half, people):
            pool.submit(run, number)
    return record


def main(commit: str, people: int) -> int:
    with upgrade(commit) as (running, gateway):
        record = load(running, gateway, people)
        running.service.start_web()
        violations = check(running, record, people)
        report(record, gateway, people)
        if violations:
            print(running.old.log.read_text()[-8_000:])
    for violation in violations:
        print(f"VIOLATION  {violation}")
    print("no violations" if not violations else f"{len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    _, commit, *people = sys.argv
    sys.exit(main(commit, int(people[0]) if people else USERS))
