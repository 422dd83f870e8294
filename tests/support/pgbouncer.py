"""PgBouncer with infra/pgbouncer.ini in front of a new PostgreSQL.

`python -m tests.support.pgbouncer COMMAND ...` runs a command with DATABASE_URL set to it.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.servers import free_port, postgres, running, takes_connections, wait_until

CONFIGURATION = Path(__file__).parents[2] / "infra" / "pgbouncer.ini"


@contextmanager
def pgbouncer(database_url: str) -> Iterator[str]:
    """Yield a DATABASE_URL through PgBouncer; it reaches every database of the server."""
    database, port = urlsplit(database_url), free_port()
    url = database._replace(netloc=f"{database.username}@127.0.0.1:{port}").geturl()
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "userlist.txt").write_text(f'"{database.username}" ""\n')
        moved = {
            r"^referral = host=postgres port=5432": f"* = host={database.hostname} port={database.port}",
            r"^listen_addr = .*": "listen_addr = 127.0.0.1\nunix_socket_dir =",
            r"^listen_port = .*": f"listen_port = {port}",
            r"^auth_type = .*": "auth_type = trust",
            r"^auth_file = .*": f"auth_file = {folder}/userlist.txt",
            # Some tests use 50 threads on 32 connections, possibly on a slow machine.
            r"^query_wait_timeout = .*": "query_wait_timeout = 20",
            # Use another connection for each transaction; a single client would always get the same one.
            r"^pool_mode = transaction$": "pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 4",
        }
        text = CONFIGURATION.read_text()
        for line, here in moved.items():
            text, found = re.subn(line, here, text, flags=re.MULTILINE)
            assert found == 1, line
        (folder / "pgbouncer.ini").write_text(text)
        as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
        with running(["pgbouncer", *as_nobody, folder / "pgbouncer.ini"]) as process:
            wait_until(lambda: takes_connections(url), process)
            yield url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run every test without a wrapping transaction, which would pin it to one connection."""
    for item in items:
        if item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.django_db(transaction=True), append=False)


if __name__ == "__main__":
    with postgres() as direct, pgbouncer(direct) as pooled:
        environment = {**os.environ, "DATABASE_URL": pooled, "DATABASE_POOLED_BY_PGBOUNCER": "True"}
        sys.exit(subprocess.run(sys.argv[1:], env=environment, check=False).returncode)
