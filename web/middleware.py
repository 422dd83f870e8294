"""Middleware for pages only: API requests carry no cookies, and skipping it saves time."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from common.http.audience import is_program
from users.people.sessions import note_web_use
from users.refusals import Refusal
from web import answers


class _ForPages:
    """Mixin, before a middleware: passes requests of programs through."""

    async_capable = False
    get_response: Callable[[HttpRequest], Any]

    def __call__(self, request: HttpRequest) -> Any:
        if is_program(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class Sessions(_ForPages, SessionMiddleware):
    pass


class Authentication(_ForPages, AuthenticationMiddleware):
    pass


class SessionUse:
    """Writes down, once a day, that a browser is used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if not is_program(request):
            note_web_use(request)
        return answer


class Messages(_ForPages, MessageMiddleware):
    pass


class RefusalPages:
    """Renders an error page for a refusal that no view has caught."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answers.refuse(request, exception) if isinstance(exception, Refusal) else None
