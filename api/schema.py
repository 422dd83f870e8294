"""The OpenAPI document: descriptions of operations, and the problems that each can answer with."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, TypeVar, cast

from drf_spectacular import openapi
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.exceptions import NotFound
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer

from api import links, problems
from api.answers import LINK, LOCATION
from api.authentication import ServiceKeyAuthentication
from api.outages import ServiceUnavailable
from api.parsers import BodyTooLarge
from api.permissions import ManagesUsers, scope_of
from api.query_parameters import refusing_unknown
from common.http import paths
from users.models import Scope
from users.refusals import (
    PhoneNumberInvalid,
    Refusal,
    ScopeMissing,
    ServiceKeyInvalid,
    ServiceKeyRequired,
    SessionEnded,
)

Method = TypeVar("Method", bound=Callable[..., Any])

#: Example values for the placeholders in messages of refusals.
_SAMPLE_DETAILS: dict[str, int | str] = {
    "retry_after": 42,
    "tries_left": 3,
    "days": 30,
    "minutes": 60,
    "steps": 3660,
    "scope": "sign_in:forward",
}
_RETRY_AFTER = {
    "description": "Seconds to wait before asking again.",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}


def document(  # noqa: PLR0913  one for each part of an operation's description
    *,
    operation_id: str,
    tag: str,
    summary: str,
    answers: Mapping[int, Any],
    description: str = "",
    request: type[BaseSerializer[Any]] | BaseSerializer[Any] | None = None,
    refusals: Iterable[type[Refusal]] = (),
    not_found: type[Refusal] | None = None,
    parameters: Sequence[OpenApiParameter | type[Serializer[Any]]] | None = None,
    scope: Scope | None = None,
) -> Callable[[Method], Method]:
    """Describe an operation. `AutoSchema` adds the problems that follow from the view.

    `not_found`: the refusal behind a 404 that has a specific code. `scope`: what a service key needs for it.
    """

    takes = [name for parameter in parameters or () for name in _names_in_query(parameter)]
    is_list = any(isinstance(answer, ListSerializer) for answer in answers.values())

    def decorate(method: Method) -> Method:
        if takes or is_list:
            method = cast("Method", refusing_unknown(method, own=takes, is_list=is_list))
        method.refusals, method.not_found = tuple(refusals), not_found  # type: ignore[attr-defined]
        method.scope, method.takes = scope, tuple(takes)  # type: ignore[attr-defined]
        return extend_schema(
            operation_id=operation_id,
            tags=[tag],
            summary=summary,
            description=description or summary,
            request=request,
            responses=dict(answers),
            parameters=[*parameters] if parameters else None,
        )(method)

    return decorate


def _names_in_query(parameter: OpenApiParameter | type[Serializer[Any]]) -> list[str]:
    if isinstance(parameter, OpenApiParameter):
        return [parameter.name] if parameter.location == OpenApiParameter.QUERY else []
    return [*parameter().fields]


class AutoSchema(openapi.AutoSchema):
    """Adds to each operation the problems that it can answer with, each with an example."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation and self._is_for_services():
            scope = scope_of(self.view, self.method)
            needed = f"For service keys with the scope `{scope}`." if scope else "For every service key."
            operation["description"] += f"\n\n{needed}"
            # OpenAPI has scopes for OAuth only.
            operation["x-scopes"] = [scope.value] if scope else []
        if operation and (found := links.of(operation["operationId"])):
            next(answer for status, answer in operation["responses"].items() if status < "300")["links"] = found
        return operation

    def map_parsers(self) -> list[str]:
        # Without the form that introspection takes too: generated clients fail on a second content type.
        return ["application/json"]

    def _is_for_services(self) -> bool:
        return ServiceKeyAuthentication in self.view.authentication_classes

    def _get_response_headers_for_code(
        self, status_code: str, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        headers: dict[str, Any] = super()._get_response_headers_for_code(status_code, direction)
        if status_code == str(HTTPStatus.CREATED.value):
            headers["Location"] = LOCATION
        if status_code == str(HTTPStatus.OK.value) and self._is_list_view():
            headers["Link"] = LINK
        return headers

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        schema = self.resolve_serializer(problems.ProblemSerializer, "response").ref
        for problem in self._problems():
            status, code = str(problem["status"]), problem["code"]
            empty = {"description": "", "content": {problems.CONTENT_TYPE: {"schema": schema, "examples": {}}}}
            answer = answers.setdefault(status, empty)
            answer["content"][problems.CONTENT_TYPE]["examples"][code] = {"value": problem, "summary": code}
            if "retry_after" in problem:
                answer["headers"] = {"Retry-After": _RETRY_AFTER}
            answer["description"] = " or ".join(
                f"`{name}`" for name in answer["content"][problems.CONTENT_TYPE]["examples"]
            )
        return dict(sorted(answers.items()))

    def _problems(self) -> Iterator[dict[str, object]]:
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower())
        for refusal in handler.refusals:
            yield problems.problem_of_refusal(refusal(**_details_of(refusal)))
        if self.get_request_serializer():
            yield _invalid_input(self._first_field())
            yield problems.problem_of_error(exceptions.ParseError())
            yield problems.problem_of_error(BodyTooLarge())
            yield problems.problem_of_error(exceptions.UnsupportedMediaType("text/plain"))
        yield from map(_invalid_input, ["page_size"] if self._is_list_view() else handler.takes[:1])
        if self._is_for_services():
            yield problems.problem_of_refusal(ServiceKeyInvalid())
            yield problems.problem_of_refusal(ServiceKeyRequired())
        elif self.view.authentication_classes:
            yield problems.problem_of_error(exceptions.NotAuthenticated())
            yield problems.problem_of_error(exceptions.AuthenticationFailed())
            yield problems.problem_of_refusal(SessionEnded())
        if scope := scope_of(self.view, self.method):
            yield problems.problem_of_refusal(ScopeMissing(scope=scope.value))
        if any(isinstance(permission, ManagesUsers) for permission in self.view.get_permissions()):
            yield problems.problem_of_error(exceptions.PermissionDenied())
        if not self.path.startswith(paths.HEALTH):
            yield problems.problem_of_error(ServiceUnavailable())
        if "{" in self.path or self._is_list_view():
            missing = problems.not_found_because(handler.not_found) if handler.not_found else NotFound()
            yield problems.problem_of_error(missing)

    def _first_field(self) -> str:
        serializer: Any = self.get_request_serializer()
        fields: dict[str, Any] = (serializer() if isinstance(serializer, type) else serializer).fields
        return next(iter(fields))


def _details_of(refusal: type[Refusal]) -> dict[str, int | str]:
    message = str(refusal.message).replace("%(wait)", "%(retry_after)")
    return {name: value for name, value in _SAMPLE_DETAILS.items() if f"%({name})" in message}


def _invalid_input(field: str) -> dict[str, object]:
    wrong = PhoneNumberInvalid() if field == PhoneNumberInvalid.field else exceptions.ValidationError
    code, detail = (wrong.code, wrong) if isinstance(wrong, Refusal) else (wrong.default_code, wrong.default_detail)
    errors = {field: [{"code": code, "detail": str(detail)}]}
    return problems.problem(400, "invalid_input", problems.INVALID_INPUT, errors=errors)
