"""Times `manage.py import_people` on PostgreSQL: kills it half-way, and repeats it.

Half of the people came with somebody who stands before them in the file, and each has a code from elsewhere.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2

from tests.support.servers import postgres
from tests.support.service import SETTINGS

ROOT = Path(__file__).parent.parent
FIRST = 79_000_000_000


def write(file: Path, people: int) -> None:
    with file.open("w") as text:
        text.write("phone_number,username,external_id,registered_at,referral_code,used_referral_code\n")
        for nth in range(people):
            inviter = f"A{nth // 3}" if nth % 2 else ""
            time_of_day = f"{nth // 3_600 % 24:02}:{nth // 60 % 60:02}:{nth % 60:02}"
            text.write(f"+{FIRST + nth},Person {nth},shop-{nth},2024-01-01T{time_of_day}Z,A{nth},{inviter}\n")


def count(url: str, what: str) -> int:
    with psycopg2.connect(url) as client, client.cursor() as cursor:
        cursor.execute(f"SELECT {what}")
        return int(cursor.fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description="Time an import that is killed half-way and repeated.")
    parser.add_argument("people", type=int, nargs="?", default=100_000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as folder, postgres(synchronous_commit="off") as url:
        file = Path(folder) / "people.csv"
        write(file, people)
        # Without DEBUG, which keeps every statement in memory.
        environment = {**os.environ, **SETTINGS, "DATABASE_URL": url, "DATABASE_STATEMENT_TIMEOUT_SECONDS": "0"}
        run = [sys.executable, "manage.py"]
        subprocess.run([*run, "migrate", "--verbosity", "0"], cwd=ROOT, env=environment, check=True)
        command = [*run, "import_people", str(file)]

        started = time.monotonic()
        killed = subprocess.Popen(command, cwd=ROOT, env=environment)
        while (done := count(url, "count(*) FROM users_user")) < people // 2:
            time.sleep(0.5)
        killed.kill()
        killed.wait()
        took = time.monotonic() - started
        print(f"killed after {done:,} rows in {took:.0f} s: {done / took:,.0f} rows a second")

        started = time.monotonic()
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        took = time.monotonic() - started
        print(f"repeated: {people:,} rows in {took:.0f} s: {people / took:,.0f} rows a second")
        for what in (
            "count(*) FROM users_user",
            "count(DISTINCT phone_number) FROM users_user",
            "count(*) FROM users_referral",
            "sum(referrals_count) FROM users_user",
        ):
            print(f"{what}: {count(url, what):,}")


if __name__ == "__main__":
    main()
