"""Filters whose every choice an index serves."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter

from users.admin.lists import describe
from users.models import Referral, User


class RegisteredFilter(RangeDateFilter):  # type: ignore[misc]
    """Whole days, both included, as they are written in the reader's language."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if first := self._day("registered_at_from"):
            queryset = queryset.filter(registered_at__gte=timezone.make_aware(datetime.combine(first, time.min)))
        if last := self._day("registered_at_to"):
            queryset = queryset.filter(registered_at__lte=timezone.make_aware(datetime.combine(last, time.max)))
        return queryset

    def _day(self, parameter: str) -> date | None:
        try:
            day: date | None = forms.DateField(required=False).clean(self.used_parameters.get(parameter))
        except ValidationError:  # the filter's own form shows what is wrong
            return None
        return day


class InviterFilter(SimpleListFilter):
    """Shows whose referrals are listed; a link from that person's page sets it, for a million are not a choice."""

    title = _("inviter")
    parameter_name = "inviter"
    inviter: User | None = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        inviter_id = request.GET.get(self.parameter_name)
        if not inviter_id:
            return []
        self.inviter = User.objects.filter(pk=inviter_id).first() if inviter_id.isdecimal() else None
        return [(inviter_id, describe(self.inviter) if self.inviter else gettext("erased"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Referral]) -> QuerySet[Referral]:
        if not self.value():
            return queryset
        return queryset.filter(inviter=self.inviter) if self.inviter else queryset.none()
