"""The base of views for services, and what a service is told about itself."""

from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from api.authentication import ServiceKeyAuthentication
from api.permissions import HasScope
from api.requests import ServiceRequest
from api.schema import document
from api.service_serializers import ServiceSerializer


class ServiceAPIView(APIView):
    """Takes service keys only. `document` names the scope of each operation."""

    authentication_classes = (ServiceKeyAuthentication,)
    permission_classes = (HasScope,)


class ServiceView(ServiceAPIView):
    @document(
        operation_id="getService",
        tag="service",
        summary="Who am I?",
        description="The account of this key, its scopes, and when the key expires.",
        answers={status.HTTP_200_OK: ServiceSerializer},
    )
    def get(self, request: ServiceRequest) -> Response:
        return Response(ServiceSerializer(request.auth).data)
