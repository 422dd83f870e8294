"""Where webhooks may be sent to: public addresses of the internet, by HTTPS."""

import queue
import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from users.models.webhooks import URL_MAX_LENGTH
from users.refusals import Refusal

_PORTS = {"https": 443, "http": 80}
#: RFC 3986, without a name, a password and a fragment.
_URL = re.compile(
    r"[a-z]+://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?](?:[a-z0-9._~:/?@!$&'()*+,;=-]|%[0-9a-f]{2})*)?",
    re.IGNORECASE,
)


class WebhookUrlInvalid(Refusal):
    code = "webhook_url_invalid"
    message = _("Enter an address such as https://shop.example/events, with https, and without a name, password or #.")
    field = "url"


class WebhookUrlForbidden(Refusal):
    code = "webhook_url_forbidden"
    message = _("This name does not lead to a public address of the internet.")
    field = "url"


@dataclass(frozen=True)
class Target:
    """An address, taken apart."""

    scheme: str
    host: str
    port: int
    #: Path and query.
    path: str

    @property
    def authority(self) -> str:
        """The value of the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Take an address apart. Raises `WebhookUrlInvalid`."""
    if len(url) > URL_MAX_LENGTH or not _URL.fullmatch(url):
        raise WebhookUrlInvalid
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WebhookUrlInvalid from None
    schemes = {"https", "http"} if settings.WEBHOOKS_ALLOW_PRIVATE else {"https"}
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise WebhookUrlInvalid
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path)


def resolve(target: Target, *, seconds: float) -> list[str]:
    """Return the addresses (IP) to connect to.

    Raises `WebhookUrlForbidden` if any address of the name is private, `TimeoutError`, or `OSError` if there is none.
    """
    found = _addresses(target, seconds=seconds)
    if not settings.WEBHOOKS_ALLOW_PRIVATE and not all(is_public(each) for each in found):
        raise WebhookUrlForbidden
    return found


def is_public(address: str) -> bool:
    """Return True for an address of the internet: not private, local, shared (RFC 6598), multicast or reserved.

    An IPv6 address that contains an IPv4 address leads to that one, through a translator or a tunnel.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if embedded := ip.ipv4_mapped:
            return _is_public(embedded)
        if ip.sixtofour or ip.teredo:
            return False
    return _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def _addresses(target: Target, *, seconds: float) -> list[str]:
    """Ask the resolver, for `seconds` at most: its own time-outs can't be set."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.put([str(address[0]) for *_, address in found])
        except (OSError, UnicodeError) as unknown:
            answers.put(unknown if isinstance(unknown, OSError) else OSError(str(unknown)))

    with suppress(ValueError):
        return [str(ip_address(target.host))]
    threading.Thread(target=ask, daemon=True, name="resolver").start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer
