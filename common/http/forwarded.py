"""What proxies report of their clients: `X-Forwarded-For`, and `Forwarded` by RFC 7239, in the forms in use."""

import logging
import re
from ipaddress import IPv6Address, ip_address

logger = logging.getLogger(__name__)

#: In a header read backwards: up to a comma outside of quotes (RFC 7239, section 4). Backwards, because what the
#: trusted proxies wrote is at the end, and what a client wrote before it may have a quote that is never closed.
_ELEMENT = re.compile(r'(?:"(?!\\)(?:"\\|[^"])*"(?!\\)|[^,])+')
_PAIR = re.compile(r'([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_ESCAPED = re.compile(r"\\(.)")
#: An address with a port, which may be hidden (section 6). IPv6 is in brackets then.
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)(?:%[^\]]*)?\]|(?P<v4>[0-9.]+))(?::(?:\d{1,5}|_[\w.-]+))?")
_logged: set[str] = set()


class AddressUnreadable(Exception):
    """A trusted proxy reports no address of its client: the proxy, or the setting, is wrong."""


def elements(header: str) -> list[str]:
    """Return what each proxy has added, the nearest proxy last."""
    found = [element[::-1].strip() for element in _ELEMENT.findall(header[::-1])]
    return [element for element in reversed(found) if element]


def address_in(element: str) -> str:
    """Return the IPv4 or IPv6 address of an element, without port; "" for `unknown`, `_hidden` and what is none."""
    pairs = {name.lower(): value for name, value in _PAIR.findall(element)}
    node = pairs.get("for", element).strip()
    if node.startswith('"'):
        node = _ESCAPED.sub(r"\1", node.strip('"')).strip()
    with_port = _WITH_PORT.fullmatch(node)
    return plain_address((with_port["v6"] or with_port["v4"]) if with_port else node.partition("%")[0])


def plain_address(text: str) -> str:
    """Return an address in its usual notation, an IPv4 one that is mapped to IPv6 as IPv4; "" for any other text."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def refuse(header: str, element: str) -> AddressUnreadable:
    """Return the error, and log it once for each header in this process, without the digits of the element."""
    if header not in _logged:
        _logged.add(header)
        shape = re.sub(r"[0-9A-Fa-f]", "x", element[:80])
        logger.error("A trusted proxy reports no address in %s, but %r: see TRUSTED_PROXIES", header, shape)
    return AddressUnreadable(header)
