"""Finding people in the staff's list, by indexed columns only."""

from collections.abc import Iterable
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
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


class UserFilter(django_filters.FilterSet):  # type: ignore[misc]
    search = django_filters.CharFilter(
        method="by_search", max_length=150, help_text="Invite code, or the beginning of a phone number or name."
    )
    registered_after = django_filters.IsoDateTimeFilter("registered_at", "gte", help_text="UTC, inclusive.")
    registered_before = django_filters.IsoDateTimeFilter("registered_at", "lt", help_text="UTC, exclusive.")

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
