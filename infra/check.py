"""Validate the deployment files without Docker: `python -m infra.check`. Exits with 1 if a check fails."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import compose

from common import es256
from infra import check_kubernetes
from infra.failure import CheckFailed, require
from infra.local_nginx import Nginx

INFRA = Path(__file__).parent
ROOT = INFRA.parent
TOOLS = Path(sys.executable).parent
COMPOSE = Path(compose.__file__).with_name("docker-compose")  # its wrapper in Python hides the exit code
EXAMPLE = (INFRA / ".env.example").read_text()
REQUIRED = {
    "SECRET_KEY": "0123456789abcdef" * 4,
    "JWT_SIGNING_KEYS": es256.generate(),
    "POSTGRES_PASSWORD": "0123456789abcdef" * 2,
    "PUBLIC_URL": "https://referral.example",
    "SMS_URL": "json://gateway.example/send?:phone={phone}",
    "FLOWER_BASIC_AUTH": "admin:0123456789abcdef",
}
BASE_FILE, ARCHIVE_FILE = "docker-compose.yml", "docker-compose.pitr.yml"
DOCKERFILES = [INFRA / "Dockerfile", INFRA / "pgbackrest/Dockerfile"]
PINNED = re.compile(r"@sha256:[0-9a-f]{64}$")
SET_BY_COMPOSE = {"DATABASE_URL", "REDIS_URL", "TRUSTED_PROXIES"}


def main() -> int:
    checks: list[Callable[[], None]] = [
        check_the_compose_file,
        check_the_compose_file_of_the_archive,
        check_that_base_images_are_pinned,
        check_that_required_variables_are_required,
        check_that_only_nginx_is_published,
        check_that_the_example_matches_the_settings,
        check_the_dockerfiles,
        check_the_updater,
        check_nginx,
        check_gunicorn,
        check_that_unsafe_settings_are_refused,
        check_kubernetes.check_that_kustomize_finds_every_file,
        check_kubernetes.check_every_manifest_strictly,
        check_kubernetes.check_that_every_reference_exists,
        check_kubernetes.check_that_no_pod_may_do_more_than_it_needs,
        check_kubernetes.check_that_pods_stop_gracefully,
        check_that_kubernetes_sets_what_exists,
    ]
    failed = 0
    for check in checks:
        name = check.__name__.replace("_", " ").removeprefix("check ").removeprefix("that ")
        try:
            check()
        except CheckFailed as failure:
            failed += 1
            sys.stderr.write(f"FAILED  {name}\n{failure}\n")
        else:
            sys.stdout.write(f"ok      {name}\n")
    return 1 if failed else 0


def check_the_compose_file() -> None:
    for name in (BASE_FILE, ARCHIVE_FILE):
        run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", INFRA / name)
    services = configuration(filled_in())["services"]
    for name, service in services.items():
        own_image = service["image"] in {"referral-app", "referral-nginx"}
        require(own_image or "healthcheck" in service, f"{name} has no health check")
        require(service.get("read_only") and service["cap_drop"] == ["ALL"], f"{name} may do more than it needs")
        require("mem_limit" in service and "logging" in service, f"{name} could use up the memory or the disk")


def check_the_compose_file_of_the_archive() -> None:
    alone, archived = (
        configuration(filled_in(), *files)["services"]["postgres"]["command"]
        for files in ([BASE_FILE], [BASE_FILE, ARCHIVE_FILE])
    )
    require(archived[: len(alone)] == alone, f"PostgreSQL with an archive is started otherwise: {archived}")


def check_that_base_images_are_pinned() -> None:
    images = {name: service["image"] for name, service in configuration(filled_in())["services"].items()}
    floating = {
        name for name, image in images.items() if not image.startswith("referral-") and not PINNED.search(image)
    }
    require(not floating, f"images without a digest: {floating}")
    for dockerfile in DOCKERFILES:
        bases = re.findall(r"^ARG \w+_IMAGE=(.*)$", dockerfile.read_text(), re.MULTILINE)
        require(bases and all(map(PINNED.search, bases)), f"{dockerfile.name} has a base without a digest: {bases}")
    require(images["postgres"] in DOCKERFILES[1].read_text(), "PostgreSQL with an archive has another base")


def check_that_required_variables_are_required() -> None:
    for name in REQUIRED:
        refusal = refused(partial(configuration, filled_in(without=name)))
        require(name in refusal, f"without {name} compose does not complain of it: {refusal or 'it accepts the file'}")


def check_that_only_nginx_is_published() -> None:
    for https_port, scheme in (("", "http"), ("443", "https")):
        services = configuration(filled_in(HTTPS_PORT=https_port))["services"]
        published = {name for name, service in services.items() if "ports" in service}
        require(published == {"nginx"}, f"published: {published}")
        require(services["nginx"]["environment"]["SCHEME"] == scheme, f"HTTPS_PORT={https_port} is not {scheme}")


def check_that_the_example_matches_the_settings() -> None:
    listed = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    missing = known_settings() - SET_BY_COMPOSE - listed
    require(not missing, f"not in .env.example: {', '.join(sorted(missing))}")
    read_by_compose = set(re.findall(r"\$\{([A-Z_]+)", (INFRA / "docker-compose.yml").read_text()))
    unknown = listed - known_settings() - read_by_compose - check_kubernetes.READ_BY_GUNICORN
    require(not unknown, f"in .env.example, but read by nothing: {', '.join(sorted(unknown))}")


def check_the_dockerfiles() -> None:
    run(TOOLS / "hadolint", *DOCKERFILES)


def check_the_updater() -> None:
    run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.renovate", ROOT / "renovate.json")


def check_nginx() -> None:
    for scheme in ("http", "https"):
        with tempfile.TemporaryDirectory() as folder:
            nginx = Nginx(Path(folder), scheme=scheme)
            nginx.write()
            run(*nginx.command("-t", "-q"))


def check_gunicorn() -> None:
    config = INFRA / "gunicorn.conf.py"
    run(TOOLS / "gunicorn", "--check-config", "-c", config, "referral_project.wsgi", env=production())


def check_that_unsafe_settings_are_refused() -> None:
    check = (sys.executable, "manage.py", "check", "--deploy", "--fail-level", "ERROR")
    run(*check, env=production())
    for unsafe in ({"SECRET_KEY": ""}, {"CONFIRMATION_CODE_EXPOSED": "True"}, {"SMS_URL": "console:"}):
        require(refused(partial(run, *check, env=production() | unsafe)), f"{unsafe} is accepted")


def check_that_kubernetes_sets_what_exists() -> None:
    check_kubernetes.check_settings(known=known_settings())


def known_settings() -> set[str]:
    settings = [module.read_text() for module in (ROOT / "referral_project" / "settings").glob("*.py")]
    return set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", "".join(settings)))


def filled_in(*, without: str = "", **changes: str) -> str:
    """Return .env.example with the required variables set, except `without`."""
    values = REQUIRED | changes | ({without: ""} if without else {})
    return re.sub(r"^([A-Z_]+)=$", lambda line: f"{line[1]}={values.get(line[1], '')}", EXAMPLE, flags=re.MULTILINE)


def configuration(environment_file: str, *files: str) -> Any:
    """Return the configuration as compose parses it. Raises `CheckFailed`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".env").write_text(environment_file)
        for name in (names := files or (BASE_FILE,)):
            shutil.copy(INFRA / name, folder)
        chosen = [word for name in names for word in ("--file", name)]
        return json.loads(run(COMPOSE, *chosen, "config", "--format", "json", cwd=folder))


def production() -> dict[str, str]:
    return REQUIRED | {"DEBUG": "False", "CONFIRMATION_CODE_EXPOSED": "False"}


def run(*command: object, env: dict[str, str] | None = None, cwd: str | Path = ROOT) -> str:
    """Return the output of a command, run without this shell's environment. Raises `CheckFailed` with its errors."""
    path = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, env=path | (env or {}), cwd=cwd, check=False)  # noqa: S603
    if done.returncode:
        raise CheckFailed(done.stdout + done.stderr)
    return done.stdout


def refused(action: Callable[[], object]) -> str:
    """Return the error message of an action; empty if it succeeds."""
    try:
        action()
    except CheckFailed as failure:
        return str(failure)
    return ""


if __name__ == "__main__":
    sys.exit(main())
