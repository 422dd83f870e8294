"""The public keys by which other programs verify JWTs."""

from django.utils.cache import patch_cache_control
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from api.jwk_serializers import JWKSSerializer
from api.schema import document
from api.views.public import PublicView
from users.people import jwt_keys


class JWKSView(PublicView):
    @document(
        operation_id="getJWKS",
        tag="jwt",
        summary="The public keys of JWTs",
        description="By one of these keys, that which `kid` in the header of a token names, any program verifies an "
        "access token without a request (RFC 7517). It also checks `iss`, `aud` and `exp`.",
        answers={status.HTTP_200_OK: JWKSSerializer},
    )
    def get(self, request: Request) -> Response:
        answer = Response({"keys": jwt_keys.published_keys()})
        patch_cache_control(answer, public=True, max_age=jwt_keys.PUBLISHED_FOR_SECONDS)
        return answer
