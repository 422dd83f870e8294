"""404 for unknown paths under /api/ and /health/."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from api.views.public import PublicView


class NotFoundView(PublicView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound(_("There is nothing at this address. Every address ends with a slash; see /api/schema/."))
