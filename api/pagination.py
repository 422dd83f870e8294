"""Cursor pagination: every page costs the same, and new rows don't shift the pages."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import reverse
from rest_framework import pagination, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param
from rest_framework.views import APIView

from api import answers
from common.http import public_url
from users import phones
from users.models.referrals import NEWEST_FIRST

#: The field that validates the position in a cursor, by column of the ordering.
POSITIONS: Mapping[str, Any] = {
    "activated_at": serializers.DateTimeField(),
    "registered_at": serializers.DateTimeField(),
    "updated_at": serializers.DateTimeField(),
    "phone_number": serializers.RegexField(phones.E164_PATTERN),
    "id": serializers.IntegerField(min_value=1, max_value=2**63 - 1),
}


class NewestFirst(pagination.CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    url_name: ClassVar[str]
    #: What the path of the example has in place of its parameters.
    url_arguments: ClassVar[tuple[str, ...]] = ()

    def get_page_size(self, request: Request) -> int:
        """Return the page size. Raises `ValidationError` out of bounds, where DRF would fall back to the default."""
        requested = request.query_params.get(self.page_size_query_param)
        if requested is None:
            return self.page_size
        size = serializers.IntegerField(min_value=1, max_value=self.max_page_size)
        try:
            return int(size.run_validation(requested))
        except serializers.ValidationError as invalid:
            raise serializers.ValidationError({self.page_size_query_param: invalid.detail}) from None

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> Any:
        page: Any = super().paginate_queryset(queryset, request, view)
        self.base_url = public_url.absolute(request.get_full_path())
        return page

    def decode_cursor(self, request: Request) -> Any:
        """Decode a cursor. Raises `NotFound` if it was not made for this ordering."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                POSITIONS[self.ordering[0].removeprefix("-")].run_validation(cursor.position)
            except serializers.ValidationError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        first = remove_query_param(str(self.base_url), self.cursor_query_param)
        answers.add_links(response, {"first": first, "prev": response.data["previous"], "next": response.data["next"]})
        return response

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Document the bounds that `get_page_size` checks."""
        cursor, size = super().get_schema_operation_parameters(view)
        cursor["schema"] |= {"minLength": 1}
        size["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [cursor, size]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Document that every page has all three members, with example URLs."""
        page: dict[str, Any] = super().get_paginated_response_schema(schema)
        page["required"] = [*page["properties"]]
        address = {"type": ["string", "null"], "format": "uri"}
        following = f"https://referral.example{reverse(self.url_name, args=self.url_arguments)}?cursor=cD0yMDI2LTExLTIx"
        page["properties"] |= {
            "next": {**address, "example": following},
            "previous": {**address, "example": None},
        }
        return page


class ReferralPagination(NewestFirst):
    url_name = "referrals"
    ordering = NEWEST_FIRST


class WebhookPagination(NewestFirst):
    url_name = "webhook-list"
    ordering = ("-id",)


class DeliveryPagination(NewestFirst):
    url_name = "webhook-deliveries"
    url_arguments = ("019aa5f4-3c42-7b10-9f3d-5a7e2c1b0d44",)
    ordering = ("-id",)


class UserPagination(NewestFirst):
    url_name = "user-list"
    ordering = ("-registered_at", "-id")
