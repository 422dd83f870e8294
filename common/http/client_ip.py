"""The IP address of a client, behind proxies too."""

from ipaddress import IPv6Address, IPv6Network, ip_network

from django.conf import settings
from django.http import HttpRequest

from common import digests
from common.http import forwarded
from common.http.headers import header_of

DIGEST_LENGTH = 16
UNKNOWN = "unknown"
#: What one IPv6 client may have, and how many times the limits of an address it is allowed: a device or a site has a
#: /64, a household a /56, an organization a /48 (RFC 6177, section 2).
_WIDER_NETWORKS = {56: 2, 48: 4}


def client_ip_of(request: HttpRequest) -> str:
    """Return the IPv4 address, or the /64 network of an IPv6 one: the size assigned to a site (RFC 6177, section 2).

    `UNKNOWN` if there is no valid address.
    """
    return client_ip_in(client_address_of(request))


def client_ip_in(text: str) -> str:
    """Return what `client_ip_of` returns, for an address written as text."""
    address = forwarded.plain_address(text)
    return _network(address) if address else UNKNOWN


def client_address_of(request: HttpRequest) -> str:
    """Return the whole IPv4 or IPv6 address, to compare it with networks; `UNKNOWN` if there is no valid one.

    Each of TRUSTED_PROXIES appends its client's address to CLIENT_ADDRESS_HEADER; entries further left are the client's
    own and are ignored. A request without the header did not come through a proxy. Raises `AddressUnreadable` if a
    proxy reports something else than an address: taking the proxy's would make all clients one.
    """
    peer = forwarded.plain_address(request.META.get("REMOTE_ADDR", "")) or UNKNOWN
    header = settings.CLIENT_ADDRESS_HEADER if settings.TRUSTED_PROXIES else ""
    hops = forwarded.elements(header_of(request, header) or "")[-settings.TRUSTED_PROXIES :] if header else []
    if not hops:
        return peer
    if address := forwarded.address_in(hops[0]):
        return address
    raise forwarded.refuse(header, hops[0])


def networks(client_ip: str) -> dict[str, int]:
    """Return the networks that a client counts in, by how many times the limits of one address each is allowed.

    `client_ip` comes from `client_ip_of`: an IPv4 address is alone, a /64 is part of its /56 and its /48.
    """
    if ":" not in client_ip:
        return {client_ip: 1}
    own = IPv6Network(client_ip)
    return {client_ip: 1} | {str(own.supernet(new_prefix=bits)): times for bits, times in _WIDER_NETWORKS.items()}


def client_ip_digest(client_ip: str) -> str:
    """Return a keyed digest to store: equal for equal addresses, without revealing them."""
    return digests.keyed("users.client_address", client_ip)[:DIGEST_LENGTH]


def client_ip_digests(client_ip: str) -> list[str]:
    """Return what may be stored for an address: its digest, and those by SECRET_KEY_FALLBACKS."""
    return [digest[:DIGEST_LENGTH] for digest in digests.all_keyed("users.client_address", client_ip)]


def client_ip_hint(client_ip: str) -> str:
    """Return the network of a client for its owner to recognize, without what tells one client from another.

    Three quarters of an IPv4 address, 198.51.100.*, or the /48 of an IPv6 one; "" if it is unknown.
    """
    if client_ip == UNKNOWN:
        return ""
    if ":" in client_ip:
        return str(IPv6Network(client_ip).supernet(new_prefix=48))
    return f"{client_ip.rpartition('.')[0]}.*"


def _network(address: str) -> str:
    return str(ip_network((int(IPv6Address(address)) >> 64 << 64, 64))) if ":" in address else address
