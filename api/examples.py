"""The example of each request and answer in the OpenAPI document. Phone numbers and codes are made up."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

#: `User.OWN_FIELDS`.
_OWN_FIELDS = {"username": "Anna"}
_IDS = {"id": "019aa5f4-3c40-7a51-9d0e-4b1f8c2d7e60", "external_id": "customer-1042"}
_PROFILE: dict[str, Any] = {
    **_IDS,
    "phone_number": "+79991234567",
    **_OWN_FIELDS,
    "referral_code": "K7M2XP",
    "referral_link": "https://referral.example/r/K7M2XP/",
    "used_referral_code": "93QTHD",
    "can_activate_until": None,
    "referrals_count": 2,
    "referrals": ["+79997654321", "+381601234567"],
    "registered_at": "2026-11-21T09:30:00Z",
}
_EXAMPLE = "c91b7f8fd6a1f3d0c1c3f56ee3a1b9d27a9d6d3b7c5f1f04a8a5b1c7e20f9d44"
_JWT_PAIR = {"access": "eyJhbGciOiJFUzI1NiJ9.access.signature", "refresh": "eyJhbGciOiJFUzI1NiJ9.refresh.signature"}
_USER: dict[str, Any] = {
    **_IDS,
    "phone_number": "+79991234567",
    **_OWN_FIELDS,
    "referral_code": "K7M2XP",
    "used_referral_code": "93QTHD",
    "referrals_count": 2,
    "is_active": True,
    "is_staff": False,
    "registered_at": "2026-11-21T09:30:00Z",
    "updated_at": "2026-11-21T10:00:00Z",
    "last_login": "2026-11-21T09:30:00Z",
}


def _request(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _answer(name: str, value: Any, *statuses: int) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=statuses or (200, 201))


REGISTRATION = _request("As people type it", {"phone_number": "8 (999) 123-45-67", "username": "Anna"})
SENT_CODE = _answer(
    "Code sent",
    {
        "phone_number": "+79991234567",
        "code_length": 4,
        "expires_at": "2026-11-21T09:35:00Z",
        "resend_at": "2026-11-21T09:31:00Z",
        "verification_token": "6f1c3c1e-7f0e-4d4b-9a52-0c8f5a0d9b11",
        "verify_url": "https://referral.example/api/verify/6f1c3c1e-7f0e-4d4b-9a52-0c8f5a0d9b11/",
    },
    202,
)
VERIFICATION = _request("Came with somebody", {"confirmation_code": "0427", "used_referral_code": "93QTHD"})
LOGIN = _request(
    "Came with somebody",
    {"phone_number": "+79991234567", "confirmation_code": "0427", "used_referral_code": "93QTHD"},
)
SESSION = _answer(
    "First sign-in",
    {
        "token": _EXAMPLE,
        "expires_at": "2026-12-21T09:30:00Z",
        "is_new_user": True,
        "referral_refusal": None,
        "profile": _PROFILE,
    },
)
JWT_PAIR = _answer("A new pair", _JWT_PAIR)
JWT_SESSION = _answer(
    "First sign-in", {**_JWT_PAIR, "is_new_user": True, "referral_refusal": None, "profile": _PROFILE}
)
JWKS = _answer(
    "One key",
    {
        "keys": [
            {
                "kty": "EC",
                "crv": "P-256",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
                "use": "sig",
                "alg": "ES256",
            }
        ]
    },
)
JWT_REFRESH = _request("The refresh token", {"refresh": _JWT_PAIR["refresh"]})

PROFILE = _answer("Anna", _PROFILE)
PROFILE_CHANGE = _request("Enter a code and a name", {"used_referral_code": "93Q-thd", **_OWN_FIELDS})
_REFERRAL = {
    "id": "019aa60f-a3c0-7c02-8f35-6e1d0a9b4c27",
    "external_id": None,
    "phone_number": "+79997654321",
    "activated_at": "2026-11-21T10:00:00Z",
}
REFERRAL = _answer("One who came", _REFERRAL)
PERSONAL_DATA = _answer(
    "Anna",
    {
        "exported_at": "2026-11-21T12:00:00Z",
        "profile": {
            **_IDS,
            "phone_number": "+79991234567",
            **_OWN_FIELDS,
            "referral_code": "K7M2XP",
            "used_referral_code": "93QTHD",
            "activated_at": "2026-11-21T09:31:00Z",
            "referrals_count": 1,
            "registered_at": "2026-11-21T09:30:00Z",
            "updated_at": "2026-11-21T10:00:00Z",
            "last_login": "2026-11-21T09:30:00Z",
            "is_active": True,
            "is_staff": False,
        },
        "referrals": [_REFERRAL],
        "sessions": [{"created_at": "2026-11-21T09:30:00Z", "expires_at": "2026-12-21T09:30:00Z"}],
        "jwt_sessions": [
            {"renewed_at": "2026-11-21T09:40:00Z", "expires_at": "2026-12-21T09:40:00Z", "ended_at": None}
        ],
        "former_numbers": [],
        "sign_in_attempts": [{"at": "2026-11-21T09:30:00Z", "succeeded": True}],
        "wrong_passwords": [],
        "confirmation_codes": [
            {
                "username": "Anna",
                "issued_at": "2026-11-21T09:29:00Z",
                "expires_at": "2026-11-21T09:34:00Z",
                "used_at": "2026-11-21T09:30:00Z",
                "wrong_tries": 0,
                "known_wrong_tries": 0,
            }
        ],
        "messages": [
            {
                "created_at": "2026-11-21T09:29:00Z",
                "state": "delivered",
                "channel": "smsc",
                "finished_at": "2026-11-21T09:29:02Z",
            }
        ],
        "actions_of_staff": [],
    },
)
REFERRAL_CODE = _answer("It exists", {"referral_code": "K7M2XP"})

INTROSPECTION = _request("A token of a login", {"token": _EXAMPLE})
INTROSPECTION_FORM = OpenApiExample(
    "A token of a login, in a form",
    value={"token": _EXAMPLE},
    request_only=True,
    media_type="application/x-www-form-urlencoded",
)
ACTIVE_TOKEN = _answer(
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
INACTIVE_TOKEN = _answer("Any other text", {"active": False})
SERVICE = _answer(
    "A shop",
    {
        "name": "shop",
        "scopes": ["people:read", "people:write"],
        "key_prefix": "rsk_k3Jd82mQ",
        "expires_at": "2027-11-21T09:30:00Z",
    },
)
USER = _answer("Anna", _USER)
USER_DETAIL = _answer("Anna", {**_USER, "referrals": _PROFILE["referrals"]})
_USER_FIELDS = {
    "phone_number": "+79991234567",
    **_OWN_FIELDS,
    "external_id": _IDS["external_id"],
    "is_active": True,
    "used_referral_code": "93QTHD",
}
USER_CHANGE = _request("Anna", _USER_FIELDS)
USER_CREATION = _request("With the code from elsewhere", {**_USER_FIELDS, "referral_code": "ANNA2024"})

_COUNTS = {
    "registrations": 120,
    "sign_ins": 310,
    "activations": 64,
    "codes_sent": 365,
    "codes_delivered": 358,
    "codes_failed": 7,
}
STATISTICS = _answer(
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
                "id": _IDS["id"],
                "phone_number": "+79991234567",
                "username": "Anna",
                "referral_code": "K7M2XP",
                "activations": 12,
            }
        ],
    },
)

HEALTHY = _answer("It can", {"status": "ok", "checks": {"database": "ok", "cache": "ok", "broker": "ok"}}, 200)
DEGRADED = _answer(
    "It can't send codes",
    {"status": "degraded", "checks": {"database": "ok", "cache": "ConnectionError", "broker": "OperationalError"}},
    200,
)
UNHEALTHY = _answer(
    "It can't",
    {"status": "unavailable", "checks": {"database": "OperationalError", "cache": "ok", "broker": "ok"}},
    503,
)
