"""Examples of the import."""

from drf_spectacular.utils import OpenApiExample

IMPORT = OpenApiExample(
    "Two people, one came with the other",
    value={
        "rows": [
            {
                "phone_number": "+79991234567",
                "username": "Anna",
                "external_id": "customer-1042",
                "registered_at": "2024-03-01T09:30:00Z",
                "referral_code": "ANNA2024",
            },
            {"phone_number": "+79997654321", "used_referral_code": "ANNA2024"},
        ],
        "dry_run": True,
    },
    request_only=True,
)


def _refused(index: int, code: str, field: str, detail: str, *, saved: bool = False) -> dict[str, object]:
    return {"index": index, "code": code, "errors": {field: [{"code": code, "detail": detail}]}, "saved": saved}


OUTCOME = OpenApiExample(
    "Some rows are refused",
    value={
        "created": 2,
        "updated": 1,
        "unchanged": 5,
        "refused": [
            _refused(3, "row_repeated", "phone_number", "An earlier row has the same phone number."),
            _refused(
                4,
                "referral_code_fixed",
                "referral_code",
                "This person is here already and has another invite code, which never changes.",
            ),
            _refused(
                7,
                "referral_circle",
                "used_referral_code",
                "The owner of this code was invited by you or by people you invited.",
                saved=True,
            ),
            {"index": 9, "code": "staff_protected", "errors": {}, "saved": False},
        ],
    },
    response_only=True,
    status_codes=[200],
)
