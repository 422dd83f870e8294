"""A Docker engine: the one of this machine, or one of Debian's that runs for a check only.

The latter has its own data folder, and what it changes in the machine's firewall is put back.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.failure import CheckFailed
from infra.packages import Unavailable, install_missing

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
FIREWALLS = ("iptables", "ip6tables")
_START_SECONDS = 60


class Engine:
    """Commands of the `docker` client for one engine."""

    def __init__(self, host: str | None) -> None:
        self.environment = {**os.environ, "DOCKER_BUILDKIT": "0", **({"DOCKER_HOST": host} if host else {})}

    def docker(self, *words: object) -> str:
        """Return the output of a command. Raises `CheckFailed` with its errors."""
        command = ["docker", *map(str, words)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise CheckFailed(f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout.strip()

    def has_image(self, name: str) -> bool:
        return bool(self.docker("images", "--quiet", name))

    def answers(self) -> bool:
        try:
            return bool(self.docker("info", "--format", "{{.ServerVersion}}"))
        except (CheckFailed, FileNotFoundError):
            return False


@contextmanager
def running(data: Path) -> Iterator[Engine]:
    """Yield the engine that runs here, or start one with `data` as its folder. Raises `Unavailable`."""
    if (engine := Engine(None)).answers():
        yield engine
        return
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Unavailable("no engine answers, and starting one needs root on Linux")
    install_missing({"dockerd": "docker.io", "debootstrap": "debootstrap", "iptables": "iptables"})
    with _firewall_put_back(), tempfile.TemporaryDirectory(prefix="engine-") as folder:
        host = f"unix://{folder}/socket"
        places = [f"--data-root={data}", f"--exec-root={folder}/run", f"--pidfile={folder}/pid", f"--host={host}"]
        log = data.with_suffix(".log")
        with log.open("wb") as output:
            # Networks are made by the Compose file only.
            command = ["dockerd", "--bridge=none", *places]
            process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603
        try:
            engine = Engine(host)
            deadline = time.monotonic() + _START_SECONDS
            while not engine.answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Unavailable(f"dockerd does not start: {log.read_text()[-500:]}")
                time.sleep(0.2)
            yield engine
        finally:
            process.terminate()
            process.wait()
            _unmount(Path(folder))
            if left := _processes_of(folder):
                raise CheckFailed(f"the engine left processes: {left}")


def _processes_of(folder: str) -> list[str]:
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(file.read_text().replace("\0", " "))
    return [line for line in lines if folder in line]


def _unmount(folder: Path) -> None:
    """Remove the mounts that the engine leaves behind, such as that of the host's network."""
    for line in Path("/proc/mounts").read_text().splitlines():
        if (place := line.split()[1]).startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], check=False)  # noqa: S603, S607


@contextmanager
def _firewall_put_back() -> Iterator[None]:
    before = {tool: _rules(tool) for tool in FIREWALLS}
    forwarding = FORWARDING.read_text()
    try:
        yield
    finally:
        FORWARDING.write_text(forwarding)
        for tool, rules in before.items():
            _restore(tool, rules)
            if _own(_rules(tool)) != _own(rules):
                raise CheckFailed(f"{tool} is not as it was: {_rules(tool)}")


def _rules(tool: str) -> str:
    with suppress(FileNotFoundError, subprocess.CalledProcessError):
        return subprocess.run([f"{tool}-save"], check=True, capture_output=True, text=True).stdout  # noqa: S603
    return ""


def _own(rules: str) -> list[str]:
    """Return rules, chains and policies without counters; not those of an empty table."""
    lines = [re.sub(r" \[[\d:]+\]$", "", line) for line in rules.splitlines()]
    return [line for line in lines if line[:1] in ("-", ":") and not re.match(r":[A-Z]+ ACCEPT$", line)]


def _restore(tool: str, rules: str) -> None:
    """Put all tables back; a table that was not there becomes an empty one that lets everything pass."""
    chains = {"filter": ("INPUT", "FORWARD", "OUTPUT"), "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")}
    there = _rules(tool)
    for table, names in chains.items():
        if f"*{table}\n" in there and f"*{table}\n" not in rules:
            rules += f"*{table}\n" + "".join(f":{name} ACCEPT [0:0]\n" for name in names) + "COMMIT\n"
    if rules:
        subprocess.run([f"{tool}-restore"], input=rules, text=True, check=True)  # noqa: S603
