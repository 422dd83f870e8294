"""Where a request comes from: the client's address, as far as it can be believed."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from common import digests

DIGEST_LENGTH = 16
UNKNOWN = "unknown"


def of(request: HttpRequest) -> str:
    """Return the client's IPv4 address, or the /64 of an IPv6 one: what one subscriber gets (RFC 6177, section 2).

    Each of TRUSTED_PROXIES adds whom it speaks for to the right of X-Forwarded-For; what stands further left is the
    client's own invention.
    """
    hops = [*request.headers.get("X-Forwarded-For", "").split(","), request.META.get("REMOTE_ADDR", "")]
    believed = hops[-settings.TRUSTED_PROXIES - 1 :][0].strip()
    return _network(believed) or _network(hops[-1]) or UNKNOWN


def digest(address: str) -> str:
    """Return what is stored of an address: enough to know it again, not enough to read it."""
    return digests.keyed("users.client_address", address)[:DIGEST_LENGTH]


def _network(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address) >> 64 << 64, 64)))
