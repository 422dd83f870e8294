"""Lose the database and get it back, then move it to another PostgreSQL: `make drill`. Exits with 1 if it fails.

PostgreSQL and pgBackRest of Debian, with the settings of the deployment, keep a full backup and the write-ahead log.
People come, a table is dropped, the server is killed and its data are deleted: everything is as it was before the
table was dropped. A dump of it is then restored by the PostgreSQL of the development lock, which is a later one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg2

from infra.check import INFRA, ROOT
from infra.failure import CheckFailed, require
from infra.packages import Unavailable, install_missing
from infra.try_stack import say
from tests.support.servers import Server, as_nobody, packaged_postgres, postgres_server, wait_until

PEOPLE, PEOPLE_LATER = 200, 300


def main() -> int:
    try:
        install_missing({"pgbackrest": "pgbackrest", "initdb": "postgresql"})
    except Unavailable as reason:
        sys.stdout.write(f"{'!' * 80}\nNO DRILL: {reason}\n{'!' * 80}\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="drill-") as folder, ExitStack() as servers:
        try:
            server = servers.enter_context(postgres_server(**keep_archive(Path(folder))))
            lose_and_restore(server)
            later = servers.enter_context(postgres_server(packaged=True))
            move_by_a_dump(server, later, Path(folder))
        except (CheckFailed, TimeoutError) as failure:
            sys.stderr.write(f"FAILED: {failure}\n")
            return 1
    return 0


def keep_archive(folder: Path) -> dict[str, Any]:
    """Let this process and its children use the deployment's pgBackRest in a folder; return options of the server."""
    for name in ("store", "lock", "spool", "socket"):
        (folder / name).mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder / name, "nobody")
    shutil.copy(INFRA / "pgbackrest/pgbackrest.conf", folder)
    folder.chmod(0o755)
    os.environ.update(
        PGBACKREST_CONFIG=f"{folder}/pgbackrest.conf",
        PGBACKREST_STANZA="referral",
        PGBACKREST_REPO1_PATH=f"{folder}/store",
        PGBACKREST_LOCK_PATH=f"{folder}/lock",
        PGBACKREST_SPOOL_PATH=f"{folder}/spool",
        PGBACKREST_PG1_SOCKET_PATH=f"{folder}/socket",
    )
    return {
        "unix_socket_directories": folder / "socket",
        "archive_mode": "on",
        "archive_command": "pgbackrest --pg1-path=$PWD archive-push %p",
    }


def pgbackrest(*words: str) -> None:
    run("pgbackrest", *words, **as_nobody())


def lose_and_restore(server: Server) -> None:
    manage(server, "migrate", "--verbosity", "0")
    manage(server, "demo", "--people", PEOPLE)
    data = ask(server, "SHOW data_directory")
    os.environ.update(PGBACKREST_PG1_PATH=data, PGBACKREST_PG1_PORT=ask(server, "SHOW port"))
    for command in (("stanza-create",), ("check",), ("backup", "--type=full")):
        pgbackrest(*command)
    say(f"full backup of PostgreSQL {ask(server, 'SHOW server_version')} with {PEOPLE} people")

    manage(server, "demo", "--people", PEOPLE_LATER)
    as_it_was = contents(server)
    moment = ask(server, "SELECT clock_timestamp()")
    say(f"{PEOPLE_LATER} people at {moment}")

    ask(server, "UPDATE users_user SET username = 'changed' RETURNING 1")
    ask(server, "DROP TABLE users_user CASCADE; SELECT 1")
    written = ask(server, "SELECT pg_walfile_name(pg_switch_wal())")
    wait_until(lambda: (ask(server, "SELECT last_archived_wal FROM pg_stat_archiver") or "") >= written)
    server.kill()
    shutil.rmtree(data)
    say("the table of people is dropped, the server killed, its data deleted")

    started = time.monotonic()
    Path(data).mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(data, "nobody")
    pgbackrest("restore", "--type=time", f"--target={moment}", "--target-action=promote")
    server.start()
    wait_until(lambda: ask(server, "SELECT pg_is_in_recovery()") == "False")
    require(contents(server) == as_it_was, "the restored tables differ from those of the moment")
    manage(server, "migrate", "--check")
    say(f"restored to {moment} in {time.monotonic() - started:.1f} s: {len(as_it_was)} tables as they were")
    pgbackrest("backup", "--type=diff")
    say("the next backup follows the restored database")


def move_by_a_dump(server: Server, later: Server, folder: Path) -> None:
    as_it_was = contents(server)
    programs = packaged_postgres(folder)
    started = time.monotonic()
    # The programs of the later release dump the earlier one.
    run(programs / "pg_dump", "--format", "custom", "--file", folder / "dump", server.url)
    restore = ("--no-owner", "--single-transaction", "--exit-on-error", "--dbname", later.url)
    run(programs / "pg_restore", *restore, folder / "dump")
    require(contents(later) == as_it_was, "the tables in the later PostgreSQL differ")
    manage(later, "migrate", "--check")
    versions = [ask(each, "SHOW server_version") for each in (server, later)]
    say(f"PostgreSQL {versions[0]} to {versions[1]} by a dump in {time.monotonic() - started:.1f} s: all tables equal")


def contents(server: Server) -> dict[str, str]:
    """Return a digest of the rows of each table."""
    listed = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'"
    rows = "SELECT string_agg(row::text, '\n' ORDER BY row::text COLLATE \"C\") FROM {} AS row"
    return {
        table: hashlib.sha256(str(ask(server, rows.format(table))).encode()).hexdigest()
        for table in sorted(ask(server, listed).split())
    }


def ask(server: Server, statement: str) -> str:
    """Return the value that a statement gives, as text."""
    with closing(psycopg2.connect(server.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        found = cursor.fetchone()
    return "" if found is None or found[0] is None else str(found[0])


def manage(server: Server, *words: object) -> None:
    run(sys.executable, "manage.py", *words, env=os.environ | {"DATABASE_URL": server.url}, cwd=ROOT)


def run(*words: object, **options: Any) -> None:
    """Run a command. Raises `CheckFailed` with what it said."""
    command = [str(word) for word in words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # noqa: S603
    if done.returncode:
        raise CheckFailed(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
