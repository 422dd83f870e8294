"""The examples of events."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_ANNA = {"id": "019aa5f4-3c40-7a51-9d0e-4b1f8c2d7e60", "external_id": "customer-1042"}
_BORIS = {"id": "019aa60f-a3c0-7c02-8f35-6e1d0a9b4c27", "external_id": None}
_NUMBER = {"phone_number": "+79991234567"}
#: The data of an event of each type, as a webhook `with_phone_numbers` receives it.
DATA: dict[str, dict[str, Any]] = {
    "person.registered": {
        "person": _ANNA,
        "registered_at": "2026-11-21T09:30:00Z",
        "username": "Anna",
        "referral_code": "K7M2XP",
        **_NUMBER,
    },
    "person.renamed": {"person": _ANNA, "username": "Anna", **_NUMBER},
    "person.phone_number_changed": {"person": _ANNA, **_NUMBER, "former_phone_number": "+79997654321"},
    "person.disabled": {"person": _ANNA, **_NUMBER},
    "person.enabled": {"person": _ANNA, **_NUMBER},
    "person.erased": {"person": {"id": _ANNA["id"]}},
    "person.signed_in": {"person": _ANNA, **_NUMBER},
    "referral.activated": {
        "person": _ANNA,
        "inviter": _BORIS,
        "activated_at": "2026-11-21T09:30:00Z",
        **_NUMBER,
    },
    "number.locked": {"person": _ANNA, "until": "2026-11-21T10:30:00Z", **_NUMBER},
    "channel.failing": {"channel": "smsc", "messages": 20, "failures": 12},
    "webhook.test": {},
    "sending.paused": {"limit": "LIMIT_CODES_PER_COUNTRY", "country": "RU", "until": "2026-11-21T10:30:00Z"},
}


def event(event_type: str, *, with_phone_numbers: bool = True) -> dict[str, Any]:
    """Return the example of an event."""
    data = DATA[event_type]
    hidden = () if with_phone_numbers else ("phone_number", "former_phone_number")
    return {
        "id": "019aa5f4-3c41-7d00-b3a9-2e6f1c0a8b55",
        "type": event_type,
        "version": 1,
        "timestamp": "2026-11-21T09:30:00.000123Z",
        "data": {name: value for name, value in data.items() if name not in hidden},
    }


EVENTS = OpenApiExample(
    "Two events",
    value={
        "results": [
            event("person.registered", with_phone_numbers=False),
            event("referral.activated", with_phone_numbers=False),
        ],
        "cursor": "MTA0Mg",
        "has_more": False,
    },
    response_only=True,
    status_codes=(200,),
)

_WEBHOOK = {
    "id": "019aa5f4-3c42-7b10-9f3d-5a7e2c1b0d44",
    "url": "https://shop.example/referral-events",
    "types": ["person.registered", "referral.activated"],
    "is_active": True,
    "with_phone_numbers": False,
    "created_at": "2026-11-21T09:30:00Z",
    "failing_since": None,
    "switched_off": "",
}
WEBHOOK = OpenApiExample("A shop", value=_WEBHOOK, response_only=True, status_codes=(200, 202))
WEBHOOK_WITH_SECRET = OpenApiExample(
    "A shop",
    value={**_WEBHOOK, "secret": f"whsec_{'A' * 32}"},
    response_only=True,
    status_codes=(200, 201),
)
WEBHOOK_CHANGE = OpenApiExample(
    "A shop",
    value={name: _WEBHOOK[name] for name in ("url", "types", "is_active", "with_phone_numbers")},
    request_only=True,
)
REPLAY = OpenApiExample("The last hour", value={"since": "2026-11-21T09:00:00Z"}, request_only=True)
DELIVERY = OpenApiExample(
    "Refused once",
    value={
        "event_id": "019aa5f4-3c41-7d00-b3a9-2e6f1c0a8b55",
        "type": "person.registered",
        "state": "waiting",
        "attempts": [{"at": "2026-11-21T09:30:01.204518Z", "status": 500, "failure": "", "seconds": 0.041}],
        "answer": "Internal Server Error",
        "next_attempt_at": "2026-11-21T09:30:06.310022Z",
    },
    response_only=True,
    status_codes=(200, 202),
)
