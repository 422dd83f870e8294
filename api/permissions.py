"""Permissions of the endpoints for staff."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.views import APIView

from users.people import rights
from users.people.rights import Verb, may

#: All other methods only read.
_VERBS: dict[str, Verb] = {"POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


def verb_of(method: str | None) -> Verb:
    """Return what an HTTP method does to users."""
    return _VERBS.get(method or "", "view")


class ManagesUsers(IsAdminUser):
    """Asks `users.people.rights` for the verb of the HTTP method. Raises `PermissionDenied`, which says what lacks."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        verb = verb_of(request.method)
        if not may(request.user, verb):
            raise PermissionDenied(_("You need the permission %(name)s.") % {"name": rights.permission(verb)})
        return True

    def has_object_permission(self, request: Request, view: APIView, user: Any) -> bool:
        if not may(request.user, verb_of(request.method), user):
            raise PermissionDenied(_("Only a superuser may change or delete staff."))
        return True
