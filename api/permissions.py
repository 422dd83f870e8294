"""Permissions of the endpoints for services."""

from collections.abc import Callable
from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from users.models import Scope, ServiceAccount
from users.people.rights import Verb, may
from users.refusals import ScopeMissing

#: All other methods only read.
_VERBS: dict[str, Verb] = {"POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


def scope_of(view: APIView, method: str | None) -> Scope | None:
    """Return the scope that `document` names for an operation; None if any service key reaches it."""
    name = getattr(view, "action", None) or (method or "").lower()
    handler: Callable[..., Any] | None = getattr(view, name, None)
    return getattr(handler, "scope", None)


class HasScope(BasePermission):
    """Asks for the scope of the operation. Raises `ScopeMissing`, which names it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        scope = scope_of(view, request.method)
        if scope and not _service_of(request).has_scope(scope):
            raise ScopeMissing(scope=scope.value)
        return True


class ManagesUsers(HasScope):
    """Asks `users.people.rights` besides, about the user."""

    def has_object_permission(self, request: Request, view: APIView, user: Any) -> bool:
        if not may(_service_of(request), _VERBS.get(request.method or "", "view"), user):
            raise PermissionDenied(_("A service can't change or erase staff."))
        return True


def _service_of(request: Request) -> ServiceAccount:
    # `ServiceKeyAuthentication` lets only services through.
    return cast("ServiceAccount", request.user)
