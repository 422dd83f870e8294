"""Examples of the operations for services."""

from typing import Any

from api.examples import ANNA, IDS, OPAQUE, OWN_FIELDS, answer, request

_USER: dict[str, Any] = {
    **IDS,
    "phone_number": "+79991234567",
    **OWN_FIELDS,
    "referral_code": "K7M2XP",
    "used_referral_code": "93QTHD",
    "referrals_count": 2,
    "is_active": True,
    "is_staff": False,
    "registered_at": "2026-11-21T09:30:00Z",
    "updated_at": "2026-11-21T10:00:00Z",
    "last_login": "2026-11-21T09:30:00Z",
}

INTROSPECTION = request("A token of a login", {"token": OPAQUE})
ACTIVE_TOKEN = answer(
    "A valid token of a login",
    {
        "active": True,
        "iss": "https://referral.example",
        "sub": "019a6c3e-5f00-7000-8000-0c8f5a0d9b11",
        "iat": 1795253400,
        "exp": 1797845400,
        "token_type": "Bearer",
    },
)
INACTIVE_TOKEN = answer("Any other text", {"active": False})
SERVICE = answer(
    "A shop",
    {
        "name": "shop",
        "scopes": ["people:read", "people:write"],
        "key_prefix": "rsk_k3Jd82mQ",
        "expires_at": "2027-11-21T09:30:00Z",
    },
)
USER = answer("Anna", _USER)
USER_DETAIL = answer("Anna", {**_USER, "referrals": ANNA["referrals"]})
_USER_FIELDS = {
    "phone_number": "+79991234567",
    **OWN_FIELDS,
    "external_id": IDS["external_id"],
    "is_active": True,
    "used_referral_code": "93QTHD",
}
USER_CHANGE = request("Anna", _USER_FIELDS)
USER_CREATION = request("With the code from elsewhere", {**_USER_FIELDS, "referral_code": "ANNA2024"})

_COUNTS = {
    "registrations": 120,
    "sign_ins": 310,
    "activations": 64,
    "codes_sent": 365,
    "codes_delivered": 358,
    "codes_failed": 7,
}
STATISTICS = answer(
    "One week",
    {
        "from": "2026-11-16",
        "to": "2026-11-22",
        "step": "week",
        "time_zone": "Europe/Moscow",
        "totals": _COUNTS,
        "delivery_rate": 0.9808,
        "sign_in_rate": 0.8493,
        "activation_rate": 0.5333,
        "steps": [{"first_day": "2026-11-16", "last_day": "2026-11-22", **_COUNTS}],
        "all_time": _COUNTS,
        "top_referrers": [
            {
                "id": IDS["id"],
                "phone_number": "+79991234567",
                "username": "Anna",
                "referral_code": "K7M2XP",
                "activations": 12,
            }
        ],
    },
)
