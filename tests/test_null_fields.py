"""An optional field that is null counts as absent: clients with typed models write null for what they leave out."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.support.factories import (
    api_client,
    create_user,
    phone_number,
    request_code,
    service_client,
)
from users.models import User

pytestmark = pytest.mark.django_db

SCHEMA: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
BODIES = {
    name: schema
    for name, schema in SCHEMA["components"]["schemas"].items()
    if not schema.get("additionalProperties", True)
}


def test_the_schema_allows_null_in_optional_fields_only() -> None:
    assert len(BODIES) > 5
    for name, schema in BODIES.items():
        nullable = {field for field, described in schema["properties"].items() if "null" in described.get("type", ())}
        assert nullable == set(schema["properties"]) - set(schema.get("required", ())), name


def test_registration_and_login_without_the_optional_fields(client: APIClient) -> None:
    phone = phone_number()
    code = request_code(client, phone, username=None)

    answer = client.post("/api/login/", {"phone_number": phone, "confirmation_code": code, "used_referral_code": None})

    assert answer.status_code == 200, answer.content
    assert answer.json()["profile"]["username"] == ""


def test_null_changes_nothing_in_a_profile() -> None:
    anna = create_user(username="Anna")

    answer = api_client(anna).patch("/api/profile/", {"username": None, "used_referral_code": None})

    assert answer.status_code == 200, answer.content
    assert answer.json()["username"] == "Anna"
    assert answer.json()["used_referral_code"] is None


def test_staff_replace_and_change_people_with_null() -> None:
    staff, anna = service_client(), create_user(username="Anna", is_active=False)
    path, nothing = f"/api/users/{anna.public_id}/", {"username": None, "is_active": None}

    changed = staff.patch(path, {"phone_number": None, **nothing})
    assert (changed.json()["username"], changed.json()["is_active"]) == ("Anna", False)
    replaced = staff.put(path, {"phone_number": str(anna.phone_number), **nothing})
    assert (replaced.json()["username"], replaced.json()["is_active"]) == ("", True)
    created = staff.post("/api/users/", {"phone_number": phone_number(), **nothing})
    assert (created.json()["username"], created.json()["is_active"]) == ("", True)


def test_null_in_a_required_or_unknown_field_is_refused(client: APIClient) -> None:
    answer = client.post("/api/registration/", {"phone_number": None, "colour": None})

    assert {field: errors[0]["code"] for field, errors in answer.json()["errors"].items()} == {
        "phone_number": "null",
        "colour": "unknown_field",
    }
    assert User.objects.count() == 0
