"""`Idempotency-Key`: a POST that is sent again gets the answer of the first one."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.http.headers import header_of
from users.models import ServiceAccount
from users.services import idempotency

HEADER = "Idempotency-Key"
PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": idempotency.PATTERN},
    OpenApiParameter.HEADER,
    description="Sent again within 24 hours with the same body, the request is not carried out again: the answer is "
    "that of the first one, without confirmation codes. Make a new key (a UUID) for each request.",
)
#: Members that an answer has once.
_SECRETS = frozenset({"confirmation_code"})
_KEPT_HEADERS = ("Location",)


def idempotent(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Wrap the handler of a POST. Answers of refused requests are not kept."""

    @wraps(handler)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        typed = header_of(request, HEADER)
        if typed is None:
            return handler(view, request, *args, **kwargs)
        caller = f"service {request.user.pk}" if isinstance(request.user, ServiceAccount) else "anyone"
        attempt = idempotency.begin(typed=typed, caller=caller, operation=request.path, body=request.data)
        if attempt.answer:
            # Absent in what the release before has kept.
            return Response(attempt.answer["data"], attempt.answer["status"], headers=attempt.answer.get("headers"))
        try:
            response = handler(view, request, *args, **kwargs)
        except BaseException:
            attempt.forget()
            raise
        told = {name: value for name, value in response.data.items() if name not in _SECRETS}
        headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
        data = json.loads(JSONRenderer().render(told))
        attempt.keep({"data": data, "status": response.status_code, "headers": headers})
        return response

    return once
