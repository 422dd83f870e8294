"""Pages by cursor: the thousandth costs what the first does, and nobody is skipped while people come."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import pagination, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from users import phones

#: What a position is in each order; a field refuses what no row can have there.
POSITIONS: Mapping[str, Any] = {
    "activated_at": serializers.DateTimeField(),
    "registered_at": serializers.DateTimeField(),
    "phone_number": serializers.RegexField(phones.E164_PATTERN),
}


class NewestFirst(pagination.CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    address: ClassVar[str]

    def get_page_size(self, request: Request) -> int:
        """Refuse a size that can't be had, instead of quietly taking another."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        size = serializers.IntegerField(min_value=1, max_value=self.max_page_size)
        try:
            return int(size.run_validation(asked))
        except serializers.ValidationError as invalid:
            raise serializers.ValidationError({self.page_size_query_param: invalid.detail}) from None

    def decode_cursor(self, request: Request) -> Any:
        """Refuse a cursor that was made up, or made for another order."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                POSITIONS[self.ordering[0].removeprefix("-")].run_validation(cursor.position)
            except serializers.ValidationError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Document the bounds that `get_page_size` holds to."""
        cursor, size = super().get_schema_operation_parameters(view)
        size["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [cursor, size]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Document that every page has all three members, with addresses that could be ours."""
        page: dict[str, Any] = super().get_paginated_response_schema(schema)
        page["required"] = [*page["properties"]]
        page["properties"]["next"]["example"] = f"https://referral.example{self.address}?cursor=cD0yMDI2LTExLTIx"
        page["properties"]["previous"]["example"] = None
        return page


class ReferralPagination(NewestFirst):
    address = "/api/profile/referrals/"
    ordering = ("-activated_at", "-id")


class UserPagination(NewestFirst):
    address = "/api/users/"
    ordering = ("-registered_at", "-id")
