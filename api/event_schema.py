"""The section `webhooks` of the OpenAPI document (3.1): what is sent to the addresses of the host."""

from typing import Any

from api import event_examples
from users.events.payloads import VERSION
from users.events.webhooks import TEST
from users.models import EventType

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}
_PERSON = {
    "type": "object",
    "properties": {"id": {"type": "string", "format": "uuid"}, "external_id": {"type": ["string", "null"]}},
    "required": ["id"],
}
_MEMBERS: dict[str, dict[str, Any]] = {
    "person": _PERSON,
    "inviter": _PERSON,
    "registered_at": _TIME,
    "activated_at": _TIME,
    "until": _TIME,
    "username": _TEXT,
    "referral_code": _TEXT,
    "phone_number": {**_TEXT, "description": "E.164; only for webhooks `with_phone_numbers`."},
    "former_phone_number": {**_TEXT, "description": "E.164; only for webhooks `with_phone_numbers`."},
    "channel": _TEXT,
    "messages": _COUNT,
    "failures": _COUNT,
    "limit": _TEXT,
    "country": {"type": ["string", "null"]},
}
#: Left out after an erasure, or by default.
_OPTIONAL = frozenset({"username", "referral_code", "phone_number", "former_phone_number"})
_HEADERS = {
    "webhook-id": "The `id` of the event.",
    "webhook-timestamp": "The time of this attempt, in seconds.",
    "webhook-signature": "One or more signatures, separated by spaces: `v1,…`.",
}


def add_webhooks(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Add the section; a hook of drf-spectacular (POSTPROCESSING_HOOKS)."""
    summaries = {event_type.value: str(event_type.label).capitalize() for event_type in EventType}
    summaries[TEST] = "A test, sent on request to one webhook"
    result["webhooks"] = {name: {"post": _operation(name, summary)} for name, summary in summaries.items()}
    return result


def _schema_of(event_type: str) -> dict[str, Any]:
    """Return the JSON Schema of an event."""
    names = list(event_examples.DATA[event_type])
    data = {name: _MEMBERS[name] for name in names}
    if event_type == EventType.NUMBER_LOCKED:
        data["person"] = {**_PERSON, "type": ["object", "null"]}
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "type": {"const": event_type},
            "version": {"const": VERSION},
            "timestamp": _TIME,
            "data": {
                "type": "object",
                "properties": data,
                "required": [name for name in names if name not in _OPTIONAL],
            },
        },
        "required": ["id", "type", "version", "timestamp", "data"],
    }


def _operation(event_type: str, summary: str) -> dict[str, Any]:
    name = "".join(part.title() for part in event_type.replace(".", "_").split("_"))
    return {
        "operationId": f"on{name}",
        "summary": summary,
        "description": "Signed as Standard Webhooks say; see docs/webhooks.md. It can come twice, with the same id.",
        "tags": ["webhooks"],
        "parameters": [
            {"in": "header", "name": header, "required": True, "schema": _TEXT, "description": description}
            for header, description in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _schema_of(event_type),
                    "examples": {event_type: {"value": event_examples.event(event_type)}},
                }
            },
        },
        "responses": {
            "2XX": {"description": "Received."},
            "410": {"description": "Send nothing any more: the webhook is switched off."},
            "default": {"description": "Not received: the event is sent again later."},
        },
    }
