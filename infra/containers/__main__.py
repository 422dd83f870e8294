"""Build the images and run the Compose file on a Docker engine: `make check-containers`. Exits with 1 if a check fails.

It starts with the images of the release before (the newest tag, or else the commit before), with production settings
and TLS, and upgrades them under a light load. Where no engine can run, it says so and exits with 0.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.check import ROOT
from infra.containers import alone, bases, checks, engine, recovery
from infra.containers.engine import Engine
from infra.containers.stack import Stack
from infra.failure import CheckFailed
from infra.packages import Unavailable
from infra.try_stack import Failed, say

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "referral-check-containers"


def main() -> int:
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        with engine.running(CACHE / "engine") as docker:
            return try_everything(docker)
    except Unavailable as reason:
        sys.stdout.write(f"{'!' * 80}\nCONTAINERS NOT CHECKED: {reason}\n{'!' * 80}\n")
        return 0


def try_everything(docker: Engine) -> int:
    with tempfile.TemporaryDirectory(prefix="containers-") as temporary:
        folder = Path(temporary)
        stand_ins = base_images(docker)
        stack = Stack(docker, folder, stand_ins)
        with torn_down(stack):
            try:
                recovery.try_point_in_time_recovery(stack)
                before = files_of_the_release_before(folder / "before")
                stack.use(before, version="before")
                checks.start(stack)
                site = checks.site_of(stack)
                people = checks.try_the_main_job(stack, site)
                stack.use(ROOT, version="this")
                checks.try_an_upgrade(stack, site, people)
                for check in (
                    checks.check_that_no_container_may_do_more_than_it_needs,
                    checks.check_that_images_have_what_they_need_and_no_more,
                    checks.check_that_an_unchanged_start_keeps_every_container,
                    checks.try_a_superuser,
                    checks.try_a_new_certificate,
                    checks.check_that_logs_are_rotated,
                    checks.try_a_worker_out_of_memory,
                    checks.try_backup_and_restore,
                    alone.try_the_image_alone,
                    checks.check_that_everything_stops_cleanly,
                ):
                    check(stack, site)
            except (CheckFailed, Failed, TimeoutError, OSError):
                traceback.print_exc()
                with suppress(CheckFailed):
                    sys.stderr.write(stack.compose("ps", "--all") + stack.compose("logs", "--tail", "30"))
                return 1
    say("everything is stopped and removed")
    return 0


def base_images(docker: Engine) -> dict[str, str]:
    """Return stand-ins by name; none if the true images can be had."""
    try:
        docker.docker("pull", "--quiet", "hello-world")
    except CheckFailed:
        found = bases.made(docker, CACHE)
        say("NO REGISTRY IN REACH: base images made from Debian's packages")
        return found
    return {}


def files_of_the_release_before(folder: Path) -> Path:
    tag = _git("describe", "--tags", "--abbrev=0").decode().strip() or "HEAD~1"
    archive = _git("archive", tag)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False).stdout  # noqa: S603, S607


@contextmanager
def torn_down(stack: Stack) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(CheckFailed):
            stack.compose("down", "--volumes", "--timeout", "5", "--remove-orphans")


if __name__ == "__main__":
    sys.exit(main())
