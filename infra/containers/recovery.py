"""Point-in-time recovery with docker-compose.pitr.yml and pitr.sh, in a separate project with PostgreSQL only.

Where no registry is reached, PostgreSQL and pgBackRest are those of Debian, because its pgBackRest knows no later one.
"""

import time
from typing import Any

import yaml

from infra.check import ARCHIVE_FILE, BASE_FILE
from infra.containers.stack import Stack
from infra.failure import require
from infra.try_stack import say
from tests.support.servers import wait_until


class Recovery:
    """Commands of a project that has the archive."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.project = f"{stack.project}pitr"
        stand_in = stack.bases.get("postgres-debian")
        own: dict[str, Any] = {"build": {"context": "pgbackrest", "network": "host"}}
        if stand_in:
            # Debian's release knows no builtin locale.
            own["build"]["args"] = {"POSTGRES_IMAGE": stand_in}
            own["environment"] = {"POSTGRES_INITDB_ARGS": ""}
        (stack.infra / "check-pitr.yml").write_text(yaml.safe_dump({"services": {"postgres": own}}))
        files = ":".join(str(stack.infra / name) for name in (BASE_FILE, ARCHIVE_FILE, "check-pitr.yml"))
        self._environment = {"COMPOSE_PROJECT_NAME": self.project, "COMPOSE_FILE": files}

    def run(self, *words: object) -> str:
        return self._stack.run(*words, **self._environment)

    def sql(self, statement: str) -> str:
        query = ["psql", "--username", "referral", "--quiet", "--no-align", "--tuples-only", "--command", statement]
        return self.run("docker", "compose", "exec", "-T", "postgres", *query).strip()

    def archive_everything(self) -> None:
        written = self.sql("SELECT pg_walfile_name(pg_switch_wal())")
        wait_until(lambda: self.sql("SELECT last_archived_wal FROM pg_stat_archiver") >= written)


def try_point_in_time_recovery(stack: Stack) -> None:
    here = Recovery(stack)
    try:
        here.run("docker", "compose", "up", "--detach", "--wait", "--build", "postgres")
        here.sql("CREATE TABLE noted AS SELECT generate_series(1, 100) AS number")
        here.run("./pitr.sh", "backup", "full")
        here.sql("INSERT INTO noted SELECT generate_series(101, 150)")
        moment = here.sql("SELECT clock_timestamp()")
        here.sql("DROP TABLE noted")
        here.archive_everything()

        started = time.monotonic()
        here.run("./pitr.sh", "restore", moment)
        took = time.monotonic() - started
        require(here.sql("SELECT count(*) FROM noted") == "150", "the rows of the moment are not there")
        say(f"restored to a moment before a table was dropped, in {took:.0f} s")

        here.run("./pitr.sh", "backup", "diff")
        here.sql("INSERT INTO noted SELECT generate_series(151, 175)")
        here.archive_everything()
        here.run("docker", "compose", "rm", "--stop", "--force", "postgres")
        stack.engine.docker("volume", "rm", f"{here.project}_postgres")
        here.run("./pitr.sh", "restore")
        require(here.sql("SELECT count(*) FROM noted") == "175", "the newest rows are not there")
        say("restored to the newest state into a new volume")
    finally:
        here.run("docker", "compose", "down", "--volumes", "--timeout", "5")
