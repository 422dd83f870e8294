from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from users.exceptions import Refusal
from web import answers


class RefusalPages:
    """A refusal that no form has shown becomes a page of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answers.refuse(request, exception) if isinstance(exception, Refusal) else None
