"""The image as a single container, for a platform that takes one: without Nginx, Redis and workers."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from infra.check import ROOT
from infra.containers.stack import Stack
from infra.failure import CheckFailed, require
from infra.try_stack import PlainSite, Site, say, sign_in
from tests.support.servers import free_port, wait_until

OWN_PORT = 8080
#: As in the Compose file: Docker's 10 s are too few on a busy machine.
PATIENT = ("--time", "40")


def try_the_image_alone(stack: Stack, _site: Site) -> None:
    stack.compose("exec", "-T", "postgres", "createdb", "--username", "referral", "alone")
    databases = {
        "SQLite": "sqlite:////data/db.sqlite3",
        "PostgreSQL": f"postgres://referral:{stack.database_password}@postgres:5432/alone",
    }
    for database, url in databases.items():
        with running(stack, DATABASE_URL=url) as (name, site):
            for phone in ("+79991112201", "+79991112202"):
                sign_in(site, stack, phone)
            stack.engine.docker("restart", *PATIENT, name)
            wait_until(site.answers, otherwise="the container does not answer after a restart")
            require(site.get("/health/ready/").json()["status"] == "ok", "the container is not ready")
            stack.engine.docker("stop", *PATIENT, name)
            code = stack.engine.docker("inspect", "--format", "{{.State.ExitCode}}", name)
            require(code == "0", f"the single container ended with {code}")
        say(f"the image alone, on {database} and a port of the platform: two people signed in, stopped with 0")


@contextmanager
def running(stack: Stack, **settings: str) -> Iterator[tuple[str, PlainSite]]:
    """Yield the name of a container with the documented start command, and a client of it."""
    docker, name, port = stack.engine.docker, f"{stack.project}-alone-{secrets.token_hex(3)}", free_port()
    settings |= {"PORT": str(OWN_PORT), "TRUSTED_PROXIES": "1", "DEBUG": "False"}
    variables = [word for each in settings.items() for word in ("--env", "=".join(each))]
    places = ["--publish", f"127.0.0.1:{port}:{OWN_PORT}", "--volume", f"{name}:/data"]
    own = ["--network", f"{stack.project}_edge", "--env-file", stack.infra / ".env", *variables, *places]
    try:
        docker("create", "--name", name, *own, "referral-app", "sh", "-c", documented_command())
        docker("network", "connect", f"{stack.project}_data", name)
        docker("start", name)
        site = PlainSite(port)
        wait_until(site.answers, otherwise="the single container does not answer", seconds=180)
        yield name, site
    except (CheckFailed, TimeoutError) as failure:
        raise CheckFailed(f"{failure}: {docker('logs', '--tail', '30', name)}") from failure
    finally:
        with suppress(CheckFailed):
            docker("rm", "--force", name)
            docker("volume", "rm", name)


def documented_command() -> str:
    found = re.search(r'referral-app sh -c "([^"]+)"', (ROOT / "docs/deployment.md").read_text())
    require(found, "docs/deployment.md has no command for a single container")
    return found[1] if found else ""
