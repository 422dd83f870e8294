"""Serializers of webhooks."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from api import event_examples
from api.fields import TrueOrFalseField, TypedTextField
from api.inputs import Input
from users.models import EventType, Webhook, WebhookDelivery
from users.models.webhooks import URL_MAX_LENGTH

TYPES = "Types of events; an empty list: all, those of later releases included."


@extend_schema_serializer(examples=[event_examples.WEBHOOK])
class WebhookSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    url = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField(), help_text=TYPES)
    is_active = serializers.BooleanField()
    with_phone_numbers = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="Since when every delivery failed; null: the last one succeeded."
    )
    switched_off = serializers.ChoiceField(
        [*Webhook.SwitchedOff.values, ""],
        help_text="Why the service has set `is_active` to false: `gone` (the receiver answered 410) or `failing` (for "
        "five days); else empty.",
    )


@extend_schema_serializer(examples=[event_examples.WEBHOOK_WITH_SECRET])
class WebhookWithSecretSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="Verifies the signatures. Shown here only.")

    def to_representation(self, made: Any) -> dict[str, Any]:
        webhook, secret = made
        return {**WebhookSerializer(webhook).data, "secret": secret}


class WebhookUrlField(TypedTextField):
    typed = {
        "format": "uri",
        "maxLength": URL_MAX_LENGTH,
        "pattern": r"^https?://[!-~]+$",
        "description": "HTTPS, at a public address of the internet; no user name, no password, no `#`.",
        "example": "https://shop.example/referral-events",
    }
    answered = {"format": "uri", "example": "https://shop.example/referral-events"}


@extend_schema_serializer(examples=[event_examples.WEBHOOK_CHANGE])
class WebhookChangeSerializer(Input):
    shown_only = tuple(WebhookSerializer().fields)

    url = WebhookUrlField(max_length=URL_MAX_LENGTH)
    types = serializers.ListField(
        child=serializers.ChoiceField(EventType.values), required=False, max_length=50, help_text=TYPES
    )
    is_active = TrueOrFalseField(
        required=False, help_text="False: nothing is sent; true again: everything since is sent, up to `EVENTS_DAYS`."
    )
    with_phone_numbers = TrueOrFalseField(
        required=False, help_text="Whether events have phone numbers. True needs the scope `people:read` too."
    )


@extend_schema_serializer(examples=[event_examples.REPLAY])
class ReplaySerializer(Input):
    since = serializers.DateTimeField(required=False, help_text="Every event since then, UTC.")
    event_id = serializers.UUIDField(required=False, help_text="This event alone.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse both, and neither."""
        if len(attrs) != 1:
            raise serializers.ValidationError({"since": [_("Send either since or event_id.")]})
        return attrs


class AttemptSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True, help_text="Of the answer; null: there was none.")
    failure = serializers.ChoiceField(
        [*WebhookDelivery.Failure.values, ""], help_text="Why there was no answer; empty: there was one."
    )
    seconds = serializers.FloatField(help_text="How long it took.")


@extend_schema_serializer(examples=[event_examples.DELIVERY])
class WebhookDeliverySerializer(serializers.Serializer[Any]):
    event_id = serializers.UUIDField(source="event.public_id")
    type = serializers.CharField(source="event.type")
    state = serializers.ChoiceField(WebhookDelivery.State.values)
    attempts = serializers.SerializerMethodField(help_text="Oldest first; empty: it is sent as soon as possible.")
    answer = serializers.CharField(help_text="The first 500 bytes of the last answer.")
    next_attempt_at = serializers.DateTimeField(allow_null=True, help_text="UTC; null: not again.")

    @extend_schema_field(AttemptSerializer(many=True))
    def get_attempts(self, delivery: WebhookDelivery) -> list[dict[str, Any]]:
        return delivery.attempts
