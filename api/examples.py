"""The examples of the operations for persons in the OpenAPI document. Phone numbers and codes are made up."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

#: `User.OWN_FIELDS`.
OWN_FIELDS = {"username": "Anna"}
IDS = {"id": "019aa5f4-3c40-7a51-9d0e-4b1f8c2d7e60", "external_id": "customer-1042"}
ANNA: dict[str, Any] = {
    **IDS,
    "phone_number": "+79991234567",
    **OWN_FIELDS,
    "referral_code": "K7M2XP",
    "referral_link": "https://referral.example/r/K7M2XP/",
    "used_referral_code": "93QTHD",
    "can_activate_until": None,
    "referrals_count": 2,
    "referrals": ["+79997654321", "+381601234567"],
    "registered_at": "2026-11-21T09:30:00Z",
}
OPAQUE = "c91b7f8fd6a1f3d0c1c3f56ee3a1b9d27a9d6d3b7c5f1f04a8a5b1c7e20f9d44"
_JWT_PAIR = {"access": "eyJhbGciOiJFUzI1NiJ9.access.signature", "refresh": "eyJhbGciOiJFUzI1NiJ9.refresh.signature"}


def request(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def answer(name: str, value: Any, *statuses: int) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=statuses or (200, 201))


REGISTRATION = request("As people type it", {"phone_number": "8 (999) 123-45-67", "username": "Anna"})
SENT_CODE = answer(
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
VERIFICATION = request("Came with somebody", {"confirmation_code": "0427", "used_referral_code": "93QTHD"})
LOGIN = request(
    "Came with somebody",
    {"phone_number": "+79991234567", "confirmation_code": "0427", "used_referral_code": "93QTHD"},
)
SESSION = answer(
    "First sign-in",
    {
        "token": OPAQUE,
        "expires_at": "2026-12-21T09:30:00Z",
        "is_new_user": True,
        "referral_refusal": None,
        "profile": ANNA,
    },
)
JWT_PAIR = answer("A new pair", _JWT_PAIR)
JWT_SESSION = answer("First sign-in", {**_JWT_PAIR, "is_new_user": True, "referral_refusal": None, "profile": ANNA})
JWKS = answer(
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
JWT_REFRESH = request("The refresh token", {"refresh": _JWT_PAIR["refresh"]})

PROFILE = answer("Anna", ANNA)
PROFILE_CHANGE = request("Enter a code and a name", {"used_referral_code": "93Q-thd", **OWN_FIELDS})
_REFERRAL = {
    "id": "019aa60f-a3c0-7c02-8f35-6e1d0a9b4c27",
    "external_id": None,
    "phone_number": "+79997654321",
    "activated_at": "2026-11-21T10:00:00Z",
}
REFERRAL = answer("One who came", _REFERRAL)
PERSONAL_DATA = answer(
    "Anna",
    {
        "exported_at": "2026-11-21T12:00:00Z",
        "profile": {
            **IDS,
            "phone_number": "+79991234567",
            **OWN_FIELDS,
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
        "sessions": [
            {
                "id": "019aa5f4-3c41-7b02-8c1d-5e6f7a8b9c0d",
                "kind": "token",
                "device": "Anna's phone",
                "user_agent": "okhttp/4.12.0",
                "address_hint": "198.51.100.*",
                "created_at": "2026-11-21T09:30:00Z",
                "last_used_on": "2026-11-21",
                "expires_at": "2026-12-21T09:30:00Z",
                "confirmed_until": None,
            }
        ],
        "jwt_sessions": [
            {"renewed_at": "2026-11-21T09:40:00Z", "expires_at": "2026-12-21T09:40:00Z", "ended_at": None}
        ],
        "former_numbers": [],
        "number_changes": [],
        "sign_in_attempts": [{"at": "2026-11-21T09:30:00Z", "succeeded": True}],
        "wrong_passwords": [],
        "confirmation_codes": [
            {
                "purpose": "sign_in",
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
        "events": [
            {
                "at": "2026-11-21T09:30:00Z",
                "type": "person.registered",
                "phone_number": "+79991234567",
                "told": {"username": "Anna", "referral_code": "K7M2XP"},
            }
        ],
        "actions_of_staff": [],
    },
)
REFERRAL_CODE = answer("It exists", {"referral_code": "K7M2XP"})

HEALTHY = answer("It can", {"status": "ok", "checks": {"database": "ok", "cache": "ok", "broker": "ok"}}, 200)
DEGRADED = answer(
    "It can't send codes",
    {"status": "degraded", "checks": {"database": "ok", "cache": "ConnectionError", "broker": "OperationalError"}},
    200,
)
UNHEALTHY = answer(
    "It can't",
    {"status": "unavailable", "checks": {"database": "OperationalError", "cache": "ok", "broker": "ok"}},
    503,
)
