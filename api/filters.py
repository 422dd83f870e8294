"""Filters and ordering of the list of users, on indexed columns only."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import BigIntegerField, QuerySet
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
from users.validators import USERNAME_MAX_LENGTH

LARGEST_ID = BigIntegerField.MAX_BIGINT


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
    {"type": "string", "minLength": 1, "maxLength": MAX_TYPED, "description": "The whole number, as people type it."}
)
class _PhoneNumberFilter(django_filters.CharFilter):  # type: ignore[misc]
    field_class = _PhoneNumberField


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": LARGEST_ID, "description": "The id of the inviter."})
class _IdFilter(django_filters.CharFilter):  # type: ignore[misc]
    """An id in plain digits; of no row if there is none with it."""

    field_class = forms.IntegerField


class UserFilter(django_filters.FilterSet):  # type: ignore[misc]
    search = django_filters.CharFilter(method="by_search", max_length=USERNAME_MAX_LENGTH)
    phone_number = _PhoneNumberFilter("phone_number")
    inviter = _IdFilter("invitation__inviter_id", min_value=1, max_value=LARGEST_ID)
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
            "minLength": 1,
            "maxLength": USERNAME_MAX_LENGTH,
            "description": "Invite code, or the beginning of a phone number or name.",
        }
    )
    def by_search(self, users: QuerySet[User], _name: str, term: str) -> QuerySet[User]:
        return search.matching(users, term)


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
