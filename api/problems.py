"""Problem details (RFC 9457), the form of every error: with a stable `code`, and `errors` by field."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers, views
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.outages import ServiceUnavailable, is_outage
from api.parsers import BodyTooLarge
from common.observability import metrics, request_id
from users.refusals import Refusal, ServiceKeyInvalid

CONTENT_TYPE = "application/problem+json"
# WWW-Authenticate, which a 401 must have (RFC 9110, section 15.5.2)
CHALLENGE, CHALLENGE_TO_SERVICES = "Token, Bearer", "Key"
INVALID_INPUT = _("Some of the input is wrong: see errors.")


class FieldErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="For people, in the language of `Accept-Language`.")


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details, RFC 9457."""

    type = serializers.CharField(help_text="Always `about:blank`: `code` tells problems apart.")
    title = serializers.CharField(help_text="The name of the HTTP status.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    code = serializers.CharField(help_text="What went wrong: stable, for programs.")
    detail = serializers.CharField(help_text="What went wrong: for people, in the language of `Accept-Language`.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=FieldErrorSerializer(many=True), required=False, help_text="The errors of each field."
    )
    tries_left = serializers.IntegerField(required=False, help_text="Tries left for this confirmation code.")
    retry_after = serializers.IntegerField(required=False, help_text="Seconds to wait before asking again.")
    days = serializers.IntegerField(required=False, help_text="For how many days a code could be activated.")
    minutes = serializers.IntegerField(
        required=False, help_text="After how many minutes a session needs a fresh code for what can't be undone."
    )
    steps = serializers.IntegerField(required=False, help_text="How many steps a period has at most.")
    scope = serializers.CharField(required=False, help_text="The scope that the service key lacks.")
    request_id = serializers.CharField(
        required=False, help_text="With a 5xx: quote it when you ask for help. Every answer has it as `X-Request-ID`."
    )


def problem(status: int, code: str, detail: object, **members: object) -> dict[str, object]:
    """Return the body of an error response; a 5xx includes the request id, for support requests."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and (quoted := request_id.current()):
        members["request_id"] = quoted
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": str(detail),
        **members,
    }


def problem_of_refusal(refusal: Refusal) -> dict[str, object]:
    """Translate a refusal of the domain into the body of an error response."""
    members: dict[str, object] = dict(refusal.details)
    if refusal.field:
        members["errors"] = {refusal.field: [{"code": refusal.code, "detail": str(refusal)}]}
    return problem(refusal.status, refusal.code, refusal, **members)


def not_found_because(refusal: type[Refusal]) -> exceptions.NotFound:
    """Return the 404 for a URL with an identifier that `refusal` rejects."""
    return exceptions.NotFound(str(refusal()), code=refusal.code)


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Answer refusals of the domain and errors of the framework; return None for a defect: DRF re-raises it."""
    response = _answer_refusal(exception) if isinstance(exception, Refusal) else _answer_error(exception, context)
    if response is not None:
        metrics.count_problem(response.data["code"])
        # JSON, even where the view would have rendered YAML or HTML.
        request: Request = context["request"]
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        response.content_type = CONTENT_TYPE
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            is_for_services = isinstance(exception, ServiceKeyInvalid)
            response["WWW-Authenticate"] = CHALLENGE_TO_SERVICES if is_for_services else CHALLENGE
    return response


def _answer_refusal(refusal: Refusal) -> Response:
    response = Response(problem_of_refusal(refusal), refusal.status)
    if "retry_after" in refusal.details:
        response["Retry-After"] = str(refusal.details["retry_after"])
    return response


def _answer_error(exception: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(exception, RequestDataTooBig):  # above Django's limit, raised before the parser runs
        exception = BodyTooLarge()
    elif is_outage(exception):
        exception = ServiceUnavailable.because_of(exception)
    response = views.exception_handler(exception, context)
    if response is None:
        return None
    if isinstance(exception, exceptions.ValidationError):
        errors = _by_field(exception.get_full_details())
        response.data = problem(response.status_code, "invalid_input", INVALID_INPUT, errors=errors)
    else:
        response.data = problem_of_error(exception)
    return response


def problem_of_error(error: Exception) -> dict[str, object]:
    """Translate an error of the framework into the body of an error response."""
    if not isinstance(error, exceptions.APIException):  # Django's own Http404 and PermissionDenied
        error = exceptions.NotFound() if isinstance(error, Http404) else exceptions.PermissionDenied()
    members = {"retry_after": error.wait} if isinstance(error, ServiceUnavailable) else {}
    return problem(error.status_code, str(error.get_codes()), error.detail, **members)


def _by_field(details: Any, path: str = "") -> dict[str, list[dict[str, str]]]:
    """Flatten a serializer's errors; the name of a nested field is its path, `parent.child`."""
    if isinstance(details, list):
        return {path or "non_field_errors": [{"code": e["code"], "detail": str(e["message"])} for e in details]}
    errors: dict[str, list[dict[str, str]]] = {}
    for name, inner in details.items():
        errors |= _by_field(inner, f"{path}.{name}" if path else str(name))
    return errors


def problem_response(status: int, code: str, detail: object, **members: object) -> HttpResponse:
    """Build a whole answer, for errors outside of a view."""
    metrics.count_problem(code)
    return JsonResponse(problem(status, code, detail, **members), status=status, content_type=CONTENT_TYPE)
