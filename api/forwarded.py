"""`X-Client-Address`: the address of the client, when a service passes its sign-in on."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from api.authentication import credential_of
from common.http.client_ip import client_address_of, client_ip_in, client_ip_of
from common.http.headers import header_of
from users.services import forwarding

HEADER = "X-Client-Address"
CLIENT_ADDRESS = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The IPv4 or IPv6 address of the client whose sign-in a service passes on: the limits count it. "
    "Believed only with `Authorization: Key <service key>` and the scope `sign_in:forward`, else ignored.",
)


def signing_in_ip_of(request: Request) -> str:
    """Return what `client_ip_of` returns, for the client that a service names; without a service key, for the sender.

    Raises `ValidationError` for what is no address, or one of `forwarding.REFUSALS`.
    """
    named, clear = header_of(request, HEADER), credential_of(request, "key")
    if named is None or clear is None:
        return client_ip_of(request)
    forwarding.accept(clear=clear, client_address=client_address_of(request))
    try:
        return client_ip_in(serializers.IPAddressField().run_validation(named.strip()))
    except serializers.ValidationError as invalid:
        raise serializers.ValidationError({HEADER: invalid.detail}) from None
