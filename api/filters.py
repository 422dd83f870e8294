"""Finding people in the staff's list, by indexed columns only."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField
from rest_framework import serializers
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from users import search
from users.models import User


def _TrueOrFalse(field_name: str) -> django_filters.TypedChoiceFilter:  # noqa: N802  stands for a class
    """Filter by a boolean; unlike the library's own filter it refuses what is neither true nor false."""
    return django_filters.TypedChoiceFilter(
        field_name, choices=(("true", "true"), ("false", "false")), coerce=lambda value: value == "true"
    )


class _TimeField(IsoDateTimeField):  # type: ignore[misc]
    """Refuses a time that, told in UTC, is in the year 0 or 10000: no calendar of ours has it."""

    def to_python(self, value: Any) -> datetime | None:
        try:
            time: datetime | None = super().to_python(value)
            return time and time.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class _TimeFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = _TimeField


class UserFilter(django_filters.FilterSet):  # type: ignore[misc]
    search = django_filters.CharFilter(
        method="by_search", max_length=150, help_text="Invite code, or the beginning of a phone number or name."
    )
    registered_after = _TimeFilter("registered_at", "gte", help_text="UTC, inclusive.")
    registered_before = _TimeFilter("registered_at", "lt", help_text="UTC, exclusive.")

    is_active = _TrueOrFalse("is_active")
    is_staff = _TrueOrFalse("is_staff")

    class Meta:
        model = User
        fields: ClassVar[list[str]] = []

    def by_search(self, people: QuerySet[User], _name: str, term: str) -> QuerySet[User]:
        return search.matching(people, term)


class KnownOrderingFilter(OrderingFilter):
    """Refuses a column that can't be ordered by, instead of quietly ordering by another."""

    def remove_invalid_fields(self, queryset: Any, fields: Iterable[str], view: APIView, request: Request) -> list[str]:
        known = super().remove_invalid_fields(queryset, fields, view, request)
        if unknown := [field for field in fields if field not in known]:
            message = _("People can't be ordered by this: %(fields)s.") % {"fields": ", ".join(unknown)}
            raise serializers.ValidationError({"ordering": [serializers.ErrorDetail(message, code="invalid_choice")]})
        return known
