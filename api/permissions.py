"""Who may do what."""

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, IsAdminUser
from rest_framework.request import Request
from rest_framework.views import APIView

from users.models import User


class ManagesPeople(IsAdminUser):
    """Staff manage people; only a superuser manages staff."""

    def has_object_permission(self, request: Request, view: APIView, person: User) -> bool:
        if request.method in SAFE_METHODS or not person.is_staff or request.user.is_superuser:
            return True
        raise PermissionDenied(_("Only a superuser may change or delete staff."))
