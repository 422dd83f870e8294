"""Query parameters: of an operation that takes some, unknown and empty ones are refused, as unknown fields are."""

from collections.abc import Callable, Collection, Iterator
from functools import wraps
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.views import APIView


def refusing_unknown(
    handler: Callable[..., Any], *, own: Collection[str] = (), is_list: bool = False
) -> Callable[..., Any]:
    """Wrap the handler of an operation: it takes its `own` parameters and, for a list, those of filters and pages."""

    @wraps(handler)
    def checked(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Any:
        _check(request, sorted({*own, *(_parameters_of_list(view) if is_list else ())}))
        return handler(view, request, *args, **kwargs)

    return checked


def _check(request: Request, known: list[str]) -> None:
    errors = {}
    for name, value in request.query_params.items():
        if name not in known:
            message = _("There is no such parameter. Known are: %(known)s.") % {"known": ", ".join(known)}
            errors[name] = [serializers.ErrorDetail(message, code="unknown_parameter")]
        elif not str(value).strip():  # would filter nothing out, as if the parameter were not there
            blank = serializers.CharField.default_error_messages["blank"]
            errors[name] = [serializers.ErrorDetail(str(blank), code="blank")]
    if errors:
        raise serializers.ValidationError(errors)


def _parameters_of_list(view: Any) -> Iterator[str]:
    yield from getattr(getattr(view, "filterset_class", None), "base_filters", ())
    for backend in view.filter_backends:
        if issubclass(backend, OrderingFilter):
            yield backend.ordering_param
    yield from (parameter["name"] for parameter in view.paginator.get_schema_operation_parameters(view))
