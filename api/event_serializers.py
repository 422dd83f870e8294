"""Serializers of events and of the feed."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api import event_examples
from api.fields import TypedTextField
from users.events.feed import Page
from users.events.payloads import payload
from users.models import Event, EventType

PAGE_SIZE, LARGEST_PAGE = 100, 1_000


class CursorField(TypedTextField):
    """A position in the feed, which clients don't read."""

    typed = {"maxLength": 40, "minLength": 1, "description": "The `cursor` of the last answer.", "example": "MTA0Mg"}
    answered = {"description": "Send it as `after` next time.", "example": "MTA0Mg"}

    def to_internal_value(self, data: Any) -> int:  # type: ignore[override]
        """Return the position. Raises `ValidationError` for a text that is no cursor."""
        text = super().to_internal_value(data)
        try:
            position = urlsafe_b64decode(f"{text}===").decode()
        except ValueError:
            position = ""
        if not re.fullmatch(r"[0-9]{1,18}", position):
            raise serializers.ValidationError(_("This is no cursor of the feed."), code="invalid_cursor")
        return int(position)

    def to_representation(self, position: Any) -> str:
        return urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


class EventTypesField(TypedTextField):
    """Types of events, separated by commas."""

    typed = {"description": "Only these types, separated by commas.", "example": "person.registered,person.erased"}
    answered = typed

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]
        known = serializers.ChoiceField(EventType.values)
        return [known.run_validation(each.strip()) for each in super().to_internal_value(data).split(",")]


class FeedQuerySerializer(serializers.Serializer[Any]):
    after = CursorField(required=False)
    type = EventTypesField(required=False)
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, default=PAGE_SIZE, help_text="How many events at most."
    )


class EventSerializer(serializers.Serializer[Event]):
    id = serializers.UUIDField(help_text="Each event has one for good: an event that comes twice has the same.")
    type = serializers.ChoiceField(EventType.values)
    version = serializers.IntegerField(help_text="Of the form of `data`. New members don't raise it.")
    timestamp = serializers.DateTimeField(help_text="When it happened, UTC.")
    data = serializers.DictField(  # type: ignore[assignment]
        help_text="What happened. Its members depend on `type`: see the section webhooks of this document."
    )

    def to_representation(self, event: Event) -> dict[str, Any]:
        return payload(event, with_phone_numbers=False)


@extend_schema_serializer(examples=[event_examples.EVENTS])
class FeedSerializer(serializers.Serializer[Page]):
    results = EventSerializer(source="events", many=True, help_text="Oldest first.")
    cursor = CursorField(source="position")
    has_more = serializers.BooleanField(help_text="Whether there are more already.")
