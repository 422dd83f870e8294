"""Import of people whom the host knows already, for services."""

from django.db import transaction
from rest_framework import status
from rest_framework.response import Response

from api import idempotency
from api.import_serializers import ImportOutcomeSerializer, ImportSerializer
from api.parsers import ImportParser
from api.requests import ServiceRequest
from api.schema import document
from api.views.service import ServiceAPIView
from users import audit
from users.models import Scope
from users.people.importing import Import
from users.services.idempotency import REFUSALS as REFUSALS_OF_KEYS


class ImportView(ServiceAPIView):
    parser_classes = (ImportParser,)

    @document(
        operation_id="importUsers",
        tag="users",
        summary="Import people, up to 1,000 at a time",
        description="People are recognized by their phone number: known ones are changed, and an import can be "
        "repeated. Each row is refused or taken by itself. The order of the rows does not matter for invitations. A "
        "row whose invitation alone is refused is saved without it (`saved`). With `dry_run` nothing is saved.",
        request=ImportSerializer,
        answers={status.HTTP_200_OK: ImportOutcomeSerializer},
        scope=Scope.PEOPLE_WRITE,
        parameters=[idempotency.PARAMETER],
        refusals=REFUSALS_OF_KEYS,
    )
    @idempotency.idempotent
    def post(self, request: ServiceRequest) -> Response:
        serializer = ImportSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        people = Import()
        with transaction.atomic():
            people.take(list(enumerate(serializer.validated_data["rows"])))
            outcome = people.finish()
            if people.changed_ids:
                audit.record(
                    by=request, action=audit.Action.CHANGED, about="import", details={"ids": people.changed_ids}
                )
            transaction.set_rollback(serializer.validated_data["dry_run"])
        return Response(ImportOutcomeSerializer(outcome).data)
