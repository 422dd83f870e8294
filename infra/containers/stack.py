"""The Compose file on an engine, as a separate project: free ports, a gateway, TLS, and names that end with it."""

import json
import os
import resource
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from infra import local_nginx
from infra.check import COMPOSE, INFRA, ROOT, filled_in
from infra.containers.engine import Engine
from infra.failure import CheckFailed
from tests.support.servers import free_port, wait_until

PUBLIC_URL = "https://referral.example"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = {"index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout", "retries"}
#: Of Nginx, so that a few requests fill it.
NGINX_FILES = 65_536
LOG_BYTES, LOG_FILES = 8_000, 3
#: A worker is looked at once a minute, and a busy machine may need several looks.
HEALTHY_SECONDS = 300


class Stack:
    """Commands of compose; the scripts of infra/ run with the same environment."""

    def __init__(self, engine: Engine, folder: Path, bases: dict[str, str]) -> None:
        self.engine, self.folder, self.bases = engine, folder, bases
        self.project = f"check{secrets.token_hex(3)}"
        self.database_password = secrets.token_hex(16)
        self.tls_port, self.port = free_port(), free_port()
        self._links_to_programs()
        shutil.copytree(INFRA, folder / "infra", ignore=shutil.ignore_patterns("certs", ".env", "backups"))
        self.infra = folder / "infra"
        local_nginx.write_certificate(self.infra / "certs")
        self.make_certificate_readable()
        (self.infra / ".env").write_text(
            filled_in(
                SECRET_KEY=secrets.token_hex(32),
                POSTGRES_PASSWORD=self.database_password,
                PUBLIC_URL=PUBLIC_URL,
                SMS_URL="json://gateway:8000/?:phone={phone}",
                FLOWER_BASIC_AUTH="admin:flower",
                HTTPS_PORT=f"127.0.0.1:{self.tls_port}",
            ).replace("#HTTP_PORT=80", f"HTTP_PORT=127.0.0.1:{self.port}")
        )
        self.environment = {
            **engine.environment,
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "DOCKER_BUILDKIT": "1",
            "COMPOSE_BAKE": "false",
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": f"{self.infra}/docker-compose.yml:{self.infra}/check.yml",
        }
        self.use(ROOT, version="this")

    def _links_to_programs(self) -> None:
        """Let `docker compose` find the compose of the development lock, unless the client has one."""
        plugins = self.folder / "docker" / "cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-compose").symlink_to(COMPOSE)
        self.engine.environment["DOCKER_CONFIG"] = str(self.folder / "docker")

    def make_certificate_readable(self) -> None:
        for file in (self.infra / "certs").glob("*.pem"):
            file.chmod(0o644)

    def use(self, tree: Path, *, version: str) -> None:
        """Build the images from this tree of files from now on."""
        bases = self.bases
        build: dict[str, Any] = {
            "context": str(tree),
            "dockerfile": str(INFRA / "Dockerfile"),
            "network": "host",
            "secrets": ["pip", "certificates"],
            "args": {
                "VERSION": version,
                "REVISION": f"revision-of-{version}",
                **{f"{name.upper()}_IMAGE": bases[name] for name in ("python", "nginx") if bases},
            },
        }
        log = {"options": {"max-size": str(LOG_BYTES), "max-file": str(LOG_FILES)}}
        # A machine may not allow as many open files as the Compose file asks for.
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limits = {"ulimits": {"nofile": files}} if 0 < files < NGINX_FILES else {}
        services: dict[str, Any] = {
            "web": {"build": build},
            "nginx": {"build": build, "logging": log, **limits},
            "gateway": {
                "image": "referral-app",
                "command": "python /gateway.py",
                "init": True,
                "volumes": [f"{INFRA}/containers/gateway.py:/gateway.py:ro"],
                "healthcheck": {"disable": True},
                "networks": ["edge"],
            },
            **{name: {"image": bases[name]} for name in ("postgres", "redis") if bases},
        }
        pip = self.folder / "pip.conf"
        pip.write_text(settings_of_pip())
        mounted = {
            "pip": {"file": str(pip)},
            "certificates": {"file": str(CERTIFICATES if CERTIFICATES.exists() else pip)},
        }
        (self.infra / "check.yml").write_text(yaml.safe_dump({"services": services, "secrets": mounted}))

    def compose(self, *words: object, **environment: str) -> str:
        return self.run("docker", "compose", "--progress", "plain", *words, **environment)

    def up(self, *options: str) -> None:
        """Start everything and wait until all health checks pass: compose can't wait for services without one."""
        self.compose("up", "--detach", *options)
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        def unhealthy() -> list[str]:
            states = {name: container["State"].get("Health", {}) for name, container in self.containers().items()}
            return [name for name, health in states.items() if health.get("Status", "healthy") != "healthy"]

        wait_until(lambda: not unhealthy(), otherwise="a container is not healthy", seconds=HEALTHY_SECONDS)

    def run(self, *words: object, **environment: str) -> str:
        """Return the output of a command. Raises `CheckFailed` with what it said."""
        command = [str(word) for word in words]
        variables = {**self.environment, "DOCKER_CONFIG": self.engine.environment["DOCKER_CONFIG"], **environment}
        done = subprocess.run(command, cwd=self.infra, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise CheckFailed(f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return what the engine knows of each container, also of those that have ended, by name."""
        ids = self.compose("ps", "--all", "--quiet").split()
        found = json.loads(self.engine.docker("inspect", *ids)) if ids else []
        return {container["Name"].split("-", 1)[1]: container for container in found}

    def message_to(self, phone_number: str) -> str:
        """Wait for the newest message that the gateway got for a number, and return its text."""

        def newest() -> str:
            lines = self.compose("logs", "--no-log-prefix", "gateway").splitlines()
            messages = [json.loads(line) for line in lines if line.startswith("{")]
            return next((one["text"] for one in reversed(messages) if one["phone"] == phone_number), "")

        return wait_until(newest, otherwise=f"no message to {phone_number}")

    def sql(self, statement: str) -> str:
        query = ["psql", "--username", "referral", "--no-align", "--tuples-only", "--command", statement]
        return self.compose("exec", "-T", "postgres", *query).strip()


def settings_of_pip() -> str:
    """Return the settings of this machine's pip, from its files and its environment, as one file."""
    listed = subprocess.run(["pip", "config", "list"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    settings = dict(line.split("=", 1) for line in listed.splitlines() if "=" in line)
    # What the environment says, which pip prefers, comes last. Files of this machine are not in a container.
    names = sorted(settings, key=lambda name: name.startswith(":env:"))
    values = {name.split(".")[-1]: settings[name].strip("'").replace("\\n", " ").split() for name in names}
    kept = {
        name: [word for word in values[name] if not word.startswith("file:")] for name in PIP_SETTINGS & values.keys()
    }
    return "[global]\n" + "".join(f"{name} = {' '.join(words)}\n" for name, words in kept.items() if words)
