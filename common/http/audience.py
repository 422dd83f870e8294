"""Whether a request comes from a program, which wants JSON, or from a browser, which wants a page."""

from django.http import HttpRequest

from common.http import paths


def is_program(request: HttpRequest) -> bool:
    """Decide by the path alone. Swagger and ReDoc count as programs: they need neither session nor user."""
    return request.path.startswith((paths.API, paths.HEALTH, paths.JWKS))
