"""Filters and ordering of the list of users, on indexed columns only."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from users import phones
from users.models import User
from users.people import search
from users.reading import MAX_TYPED
from users.refusals import PhoneNumberInvalid
from users.search_names import search_name
from users.validators import EXTERNAL_ID_MAX_LENGTH, USERNAME_MAX_LENGTH


class _TrueOrFalseField(forms.NullBooleanField):
    """Rejects other values; Django would ignore them and not filter."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> bool | None:  # type: ignore[override]
        known = super().to_python(value)
        if known is None and value:
            raise forms.ValidationError(serializers.BooleanField.default_error_messages["invalid"], code="invalid")
        return known


class _TrueOrFalseFilter(django_filters.BooleanFilter):  # type: ignore[misc]
    field_class = _TrueOrFalseField


class _TimeField(IsoDateTimeField):  # type: ignore[misc]
    """Rejects a time that falls into the year 0 or 10000 in UTC, outside of what `datetime` can represent."""

    def to_python(self, value: Any) -> datetime | None:
        try:
            time: datetime | None = super().to_python(value)
            return time and time.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class _TimeFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = _TimeField


class _PhoneNumberField(forms.CharField):
    """A whole number as people type it. An unescaped plus arrives as a space."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "strip": False, "max_length": MAX_TYPED})

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        try:
            return phones.normalize(re.sub(r"^ (?=\d)", "+", typed)) if typed else ""
        except PhoneNumberInvalid as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.code) from None


@extend_schema_field(
    {
        "type": "string",
        # An unescaped plus arrives as a space.
        "pattern": phones.TYPED_PATTERN,
        "maxLength": MAX_TYPED,
        "description": "The whole number, as people type it.",
    }
)
class _PhoneNumberFilter(django_filters.CharFilter):  # type: ignore[misc]
    field_class = _PhoneNumberField


class UserFilter(django_filters.FilterSet):  # type: ignore[misc]
    search = django_filters.CharFilter(method="by_search", max_length=USERNAME_MAX_LENGTH)
    phone_number = _PhoneNumberFilter("phone_number")
    external_id = django_filters.CharFilter("external_id", max_length=EXTERNAL_ID_MAX_LENGTH)
    username = django_filters.CharFilter(method="by_username", max_length=USERNAME_MAX_LENGTH)
    inviter = django_filters.UUIDFilter(method="by_inviter")
    updated_after = _TimeFilter("updated_at", "gte", help_text="UTC, inclusive.")
    registered_after = _TimeFilter("registered_at", "gte", help_text="UTC, inclusive.")
    registered_before = _TimeFilter("registered_at", "lt", help_text="UTC, exclusive.")

    is_active = _TrueOrFalseFilter("is_active")
    is_staff = _TrueOrFalseFilter("is_staff")

    class Meta:
        model = User
        fields: ClassVar[list[str]] = []

    @extend_schema_field(
        {
            "type": "string",
            "pattern": r"\S",
            "maxLength": USERNAME_MAX_LENGTH,
            "description": "Invite code or id, the beginning of a phone number or name, or at least four digits "
            "in a row from anywhere in a number.",
        }
    )
    def by_search(self, users: QuerySet[User], _name: str, term: str) -> QuerySet[User]:
        return search.matching(users, term)

    @extend_schema_field(
        {
            "type": "string",
            "pattern": r"\S",
            "maxLength": USERNAME_MAX_LENGTH,
            "description": "The whole name; case and accents don't matter.",
        }
    )
    def by_username(self, users: QuerySet[User], _name: str, username: str) -> QuerySet[User]:
        return users.filter(search_name=search_name(username))

    @extend_schema_field({"type": "string", "format": "uuid", "description": "The id of the inviter."})
    def by_inviter(self, users: QuerySet[User], _name: str, inviter: UUID) -> QuerySet[User]:
        # By row number: the plan depends on how many referrals this inviter has.
        row = User.objects.filter(public_id=inviter).values_list("pk", flat=True).first()
        return users.filter(invitation__inviter_id=row) if row else users.none()


class KnownOrderingFilter(OrderingFilter):
    """Rejects unknown columns; DRF would fall back to the default order."""

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Document the columns: a comma-separated list, with a minus for descending order."""
        (parameter,) = super().get_schema_operation_parameters(view)
        columns = [sign + column for column in view.ordering_fields for sign in ("", "-")]  # type: ignore[attr-defined]
        schema = {"type": "array", "items": {"type": "string", "enum": columns}}
        return [{**parameter, "schema": schema, "explode": False}]

    def remove_invalid_fields(self, queryset: Any, fields: Iterable[str], view: APIView, request: Request) -> list[str]:
        known = super().remove_invalid_fields(queryset, fields, view, request)
        if unknown := [field for field in fields if field not in known]:
            message = _("People can't be ordered by this: %(fields)s.") % {"fields": ", ".join(unknown)}
            raise serializers.ValidationError({"ordering": [serializers.ErrorDetail(message, code="invalid_choice")]})
        return known
