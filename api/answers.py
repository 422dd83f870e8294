"""Headers of answers that lead to other addresses, and how the OpenAPI document describes them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.response import Response

from common.http import public_url

LOCATION: Mapping[str, Any] = {
    "description": "The address of what was made.",
    "required": True,
    "schema": {"type": "string", "format": "uri"},
}
LINK: Mapping[str, Any] = {
    "description": "The addresses of the first, the previous and the next page, as far as there are any (RFC 8288): "
    "relations `first`, `prev` and `next`. Left out if it is longer than 2,000 characters.",
    "schema": {"type": "string"},
}
#: Proxies refuse an answer with long headers, and a search may be long.
_LONGEST_LINK = 2_000


def created(data: object, *, path: str) -> Response:
    """Return a 201 with the address of what was made (RFC 9110, section 15.3.2)."""
    return Response(data, HTTPStatus.CREATED, headers={"Location": public_url.absolute(path)})


def add_links(response: Response, links: Mapping[str, str | None]) -> None:
    """Add the header `Link` with those relations that have an address."""
    header = ", ".join(f'<{address}>; rel="{relation}"' for relation, address in links.items() if address)
    if len(header) <= _LONGEST_LINK:
        response["Link"] = header
