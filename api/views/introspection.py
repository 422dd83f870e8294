"""What a program is told about a token that it was sent (RFC 7662)."""

from typing import Any

from django.conf import settings
from rest_framework import status
from rest_framework.response import Response

from api.authentication import JWTAuthentication, is_jwt
from api.introspection_serializers import IntrospectionSerializer, TokenToInspectSerializer
from api.parsers import FormParser, JSONParser
from api.requests import ServiceRequest
from api.schema import document
from api.views.service import ServiceAPIView
from users.models import Scope
from users.people import sessions
from users.refusals import SessionEnded

_INACTIVE: dict[str, Any] = {"active": False}


class IntrospectionView(ServiceAPIView):
    # RFC 7662 asks for a form; the rest of this API takes JSON.
    parser_classes = (FormParser, JSONParser)

    @document(
        operation_id="introspectToken",
        tag="service",
        summary="Whose token is this?",
        description="Whether a token of a login, or an access token, is valid now, and whose it is (RFC 7662). Of any "
        "other text, and of a session that has ended, the answer is only `active: false`. The body may be a form too.",
        request=TokenToInspectSerializer,
        answers={status.HTTP_200_OK: IntrospectionSerializer},
        scope=Scope.PEOPLE_READ,
    )
    def post(self, request: ServiceRequest) -> Response:
        serializer = TokenToInspectSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token = serializer.validated_data["token"]
        told = _of_jwt(token) if is_jwt(token) else _of_login(token)
        return Response(told, headers={"Cache-Control": "no-store"})


def _of_login(token: str) -> dict[str, Any]:
    session = sessions.find_token_session(token)
    if session is None:
        return _INACTIVE
    return {
        "active": True,
        "iss": settings.PUBLIC_URL,
        "sub": str(session.user.public_id),
        "iat": int(session.created.timestamp()),
        "exp": int(session.expiry.timestamp()),
        "token_type": "Bearer",
    }


def _of_jwt(token: str) -> dict[str, Any]:
    try:
        _, access = JWTAuthentication().authenticate_token(token)
    except SessionEnded:
        return _INACTIVE
    claims = {name: access[name] for name in ("iss", "aud", "sub", "sid", "iat", "exp")}
    return {"active": True, **claims, "token_type": "Bearer"}
