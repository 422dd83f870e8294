"""Webhooks, for services."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api.answers import created
from api.authentication import ServiceKeyAuthentication
from api.pagination import DeliveryPagination, WebhookPagination
from api.permissions import HasScope
from api.requests import ServiceRequest
from api.schema import document
from api.webhook_serializers import (
    ReplaySerializer,
    WebhookChangeSerializer,
    WebhookDeliverySerializer,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)
from users import audit
from users.audit import Action
from users.events import webhooks
from users.models import Scope, Webhook
from users.refusals import ScopeMissing


class WebhookViewSet(GenericViewSet[Webhook]):
    serializer_class = WebhookSerializer
    authentication_classes = (ServiceKeyAuthentication,)
    permission_classes = (HasScope,)
    lookup_field, lookup_url_kwarg, lookup_value_converter = "public_id", "id", "uuid"
    queryset = Webhook.objects.all()
    pagination_class = WebhookPagination
    request: ServiceRequest

    @document(
        operation_id="listWebhooks",
        tag="webhooks",
        summary="All webhooks",
        description="Newest first; there are 20 at most.",
        answers={status.HTTP_200_OK: WebhookSerializer(many=True)},
        scope=Scope.WEBHOOKS_WRITE,
    )
    def list(self, request: ServiceRequest) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(WebhookSerializer(page, many=True).data)

    @document(
        operation_id="createWebhook",
        tag="webhooks",
        summary="Have events sent to an address",
        description="Those that happen from now on. The answer has the secret of the signatures, this once.",
        request=WebhookChangeSerializer,
        answers={status.HTTP_201_CREATED: WebhookWithSecretSerializer},
        scope=Scope.WEBHOOKS_WRITE,
        refusals=(*webhooks.REFUSALS, webhooks.TooManyWebhooks),
    )
    def create(self, request: ServiceRequest) -> Response:
        fields = self._validated_data()
        with transaction.atomic():
            made = webhooks.add(**fields)
            self._record(Action.CREATED, made[0], {name: [None, value] for name, value in fields.items()})
        path = reverse("webhook-detail", kwargs={"id": made[0].public_id})
        return created(WebhookWithSecretSerializer(made).data, path=path)

    @document(
        operation_id="getWebhook",
        tag="webhooks",
        summary="One webhook",
        answers={status.HTTP_200_OK: WebhookSerializer},
        scope=Scope.WEBHOOKS_WRITE,
    )
    def retrieve(self, request: ServiceRequest, **_path: UUID) -> Response:
        return Response(WebhookSerializer(self.get_object()).data)

    @document(
        operation_id="changeWebhook",
        tag="webhooks",
        summary="Change a webhook",
        description="One that was switched off goes on with the first event that it was not sent.",
        request=WebhookChangeSerializer(partial=True),
        answers={status.HTTP_200_OK: WebhookSerializer},
        scope=Scope.WEBHOOKS_WRITE,
        refusals=webhooks.REFUSALS,
    )
    def partial_update(self, request: ServiceRequest, **_path: UUID) -> Response:
        webhook, fields = self.get_object(), self._validated_data(partial=True)
        with transaction.atomic():
            if former := webhooks.change(webhook, **fields):
                self._record(Action.CHANGED, webhook, {name: [old, fields[name]] for name, old in former.items()})
        return Response(WebhookSerializer(webhook).data)

    @document(
        operation_id="deleteWebhook",
        tag="webhooks",
        summary="Delete a webhook",
        description="With the record of its deliveries.",
        answers={status.HTTP_204_NO_CONTENT: None},
        scope=Scope.WEBHOOKS_WRITE,
    )
    def destroy(self, request: ServiceRequest, **_path: UUID) -> Response:
        webhook = self.get_object()
        with transaction.atomic():
            self._record(Action.DELETED, webhook)
            webhook.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @document(
        operation_id="replaceWebhookSecret",
        tag="webhooks",
        summary="Give a webhook a new secret",
        description="For 24 hours the former secret signs along: a receiver that knows either accepts each request.",
        answers={status.HTTP_200_OK: WebhookWithSecretSerializer},
        scope=Scope.WEBHOOKS_WRITE,
    )
    @action(detail=True, methods=["post"])
    def secret(self, request: ServiceRequest, **_path: UUID) -> Response:
        webhook = self.get_object()
        with transaction.atomic():
            secret = webhooks.new_secret(webhook)
            self._record(Action.CHANGED, webhook, {"secret": None})
        return Response(WebhookWithSecretSerializer((webhook, secret)).data)

    @document(
        operation_id="testWebhook",
        tag="webhooks",
        summary="Have a test event sent",
        description="Of the type `webhook.test`, to this webhook alone. What became of it: `GET .../deliveries/`.",
        answers={status.HTTP_202_ACCEPTED: WebhookDeliverySerializer},
        scope=Scope.WEBHOOKS_WRITE,
    )
    @action(detail=True, methods=["post"])
    def test(self, request: ServiceRequest, **_path: UUID) -> Response:
        delivery = webhooks.send_test(self.get_object())
        return Response(WebhookDeliverySerializer(delivery).data, status=status.HTTP_202_ACCEPTED)

    @document(
        operation_id="listDeliveries",
        tag="webhooks",
        summary="What became of each event",
        description="Newest first, as long as the event is kept (`EVENTS_DAYS`).",
        answers={status.HTTP_200_OK: WebhookDeliverySerializer(many=True)},
        scope=Scope.WEBHOOKS_WRITE,
    )
    @action(detail=True, methods=["get"], pagination_class=DeliveryPagination, filter_backends=())
    def deliveries(self, request: ServiceRequest, **_path: UUID) -> Response:
        rows: QuerySet[Any] = self.get_object().deliveries.select_related("event")
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(WebhookDeliverySerializer(page, many=True).data)

    @document(
        operation_id="replayEvents",
        tag="webhooks",
        summary="Have events sent again",
        description="One event, or all since a time, with the same ids. It begins at once, also for an event whose "
        "retries have ended.",
        request=ReplaySerializer,
        answers={status.HTTP_202_ACCEPTED: WebhookSerializer},
        scope=Scope.WEBHOOKS_WRITE,
        refusals=(webhooks.EventNotFound,),
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: ServiceRequest, **_path: UUID) -> Response:
        webhook = self.get_object()
        serializer = ReplaySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            webhooks.replay(webhook, **serializer.validated_data)
            asked = {name: str(value) for name, value in serializer.validated_data.items()}
            self._record(Action.CHANGED, webhook, {"replay": [None, asked]})
        return Response(WebhookSerializer(webhook).data, status=status.HTTP_202_ACCEPTED)

    def _validated_data(self, *, partial: bool = False) -> dict[str, Any]:
        """Return the fields. Who may not read people gives no webhook their numbers: raises `ScopeMissing`."""
        serializer = WebhookChangeSerializer(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        if "url" in fields:
            webhooks.check(fields["url"])
        if fields.get("with_phone_numbers") and not self.request.user.has_scope(Scope.PEOPLE_READ):
            raise ScopeMissing(scope=Scope.PEOPLE_READ.value)
        return fields

    def _record(self, verb: Action, webhook: Webhook, details: audit.Details | None = None) -> None:
        audit.record(by=self.request, action=verb, about=webhook, details=details)
