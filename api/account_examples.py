"""Examples of the operations on one's own account; see `api.examples`."""

from typing import Any

from drf_spectacular.utils import OpenApiExample


def _request(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _answer(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=(status,))


_SENT = {
    "phone_number": "+79991112233",
    "code_length": 4,
    "expires_at": "2026-11-21T09:35:00Z",
    "resend_at": "2026-11-21T09:31:00Z",
}

NUMBER_CHANGE = _request("As people type it", {"phone_number": "8 (999) 111-22-33"})
CODE_OF_ACCOUNT = _answer("Code sent", _SENT, 202)
CODE_ENTERED = _request("The code from the message", {"confirmation_code": "0427"})
NO_CODE_YET = _request("Send me a code", {})
CODE_TO_CONFIRM = _request("The code from the message", {"confirmation_code": "0427"})
CONFIRMED = _answer("Confirmed", {"confirmed_until": "2026-11-21T11:40:00Z"})
OPEN_SESSION = _answer(
    "A phone",
    {
        "id": "019aa5f4-3c41-7b02-8c1d-5e6f7a8b9c0d",
        "kind": "token",
        "device": "Anna's phone",
        "created_at": "2026-11-21T09:30:00Z",
        "last_used_on": "2026-11-21",
        "address_hint": "198.51.100.*",
        "is_current": True,
    },
)
