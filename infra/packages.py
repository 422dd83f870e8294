"""Programs of Debian's packages that some checks need."""

import os
import shutil
import subprocess
from pathlib import Path


class Unavailable(Exception):
    """A check can't run here; the message says why."""


def install_missing(packages: dict[str, str]) -> None:
    """Install the package of each program that is missing. Raises `Unavailable`."""
    missing = [package for program, package in packages.items() if not find(program)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable(f"{', '.join(missing)} missing, and installing needs root on Debian")
    # RUNLEVEL: packages start no server.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing]
    for command in (["apt-get", "-qq", "update"], install):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise Unavailable(f"{' '.join(command)}: {done.stderr[-500:]}")


def find(program: str) -> str | None:
    """Return where a program is, also one for administrators or one of Debian's PostgreSQL."""
    folders = [os.environ["PATH"], "/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(program, path=os.pathsep.join(folders))
