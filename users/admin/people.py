"""People: finding, adding, changing and erasing them, each through the rules."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.contrib.admin.views.main import IncorrectLookupParameters
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import BooleanRadioFilter, RangeDateFilter
from unfold.decorators import action, display

from users import csv_export, search
from users.admin.lists import QuickModelAdmin, link_to
from users.erasure import erase
from users.exceptions import Refusal
from users.forms import PasswordForm, PersonAddForm, PersonForm
from users.models import Referral, User
from users.referrals import activate

NEWEST_REFERRALS = 50
OWN_FIELDS = frozenset({"phone_number", "username", "is_active", "is_staff", "is_superuser"})


class RegisteredFilter(RangeDateFilter):  # type: ignore[misc]
    """Whole days, both included, as they are written in the reader's language."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if first := self._day("registered_at_from"):
            queryset = queryset.filter(registered_at__gte=timezone.make_aware(datetime.combine(first, time.min)))
        if last := self._day("registered_at_to"):
            queryset = queryset.filter(registered_at__lte=timezone.make_aware(datetime.combine(last, time.max)))
        return queryset

    def _day(self, parameter: str) -> Any:
        try:
            return forms.DateField(required=False).clean(self.used_parameters.get(parameter))
        except ValidationError:  # the filter's own form shows what is wrong
            return None
