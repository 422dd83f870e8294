"""Who a request is from: a program, which wants JSON, or a person, who wants a page."""

from django.http import HttpRequest


def is_program(request: HttpRequest) -> bool:
    """Tell by the address alone. The documents of the API are pages, but such as know nobody."""
    return request.path.startswith(("/api/", "/health/"))
