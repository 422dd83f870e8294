"""Pages by cursor: the thousandth costs what the first does, and nobody is skipped while people come."""

from rest_framework import pagination


class NewestFirst(pagination.CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class ReferralPagination(NewestFirst):
    ordering = ("-activated_at", "-id")


class UserPagination(NewestFirst):
    ordering = ("-registered_at", "-id")
