"""Conditional requests (RFC 9110, section 13): 304 for a client that has the answer already."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.http import HttpResponse
from django.utils.cache import get_conditional_response, set_response_etag
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

NOT_MODIFIED = OpenApiResponse(description="The answer is the one that the client has.")
PARAMETERS = (
    OpenApiParameter(
        "If-None-Match",
        str,
        OpenApiParameter.HEADER,
        description="The `ETag` of an earlier answer. If it is still the same, the answer is 304, without a body.",
    ),
    OpenApiParameter(
        "ETag",
        str,
        OpenApiParameter.HEADER,
        response=[200, 304],
        required=True,
        description="Changes whenever the answer does.",
    ),
)


def conditional(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Wrap the handler of a GET: its answer gets an `ETag`, and is 304 if `If-None-Match` has this one."""

    @wraps(handler)
    def answer(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = handler(view, request, *args, **kwargs)
        response.add_post_render_callback(partial(_compared, request))
        return response

    return answer


def _compared(request: Request, response: Response) -> HttpResponse | None:
    set_response_etag(response)
    return get_conditional_response(request, etag=response["ETag"], response=response)
