"""Filters of the lists; an index serves every choice."""

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
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter

from common.database.ids import parse_id
from panel.lists import describe
from users.models import Delivery, User
from users.models.sms import DeliveryQuerySet
from users.sms import channels


class DaysFilter(RangeDateFilter):  # type: ignore[misc]
    """Range of whole days, both included, in the date format of the current language."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if first := self._day(f"{self.parameter_name}_from"):
            start = timezone.make_aware(datetime.combine(first, time.min))
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": start})
        if last := self._day(f"{self.parameter_name}_to"):
            end = timezone.make_aware(datetime.combine(last, time.max))
            queryset = queryset.filter(**{f"{self.parameter_name}__lte": end})
        return queryset

    def _day(self, parameter: str) -> date | None:
        try:
            day: date | None = forms.DateField(required=False).clean(self.used_parameters.get(parameter))
        except ValidationError:  # the form of the filter shows the error
            return None
        return day


class UserFilter(SimpleListFilter):
    """Rows of one user. Set by a link on that user's page; the filter itself lists no other choices."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name or "")
        return [(chosen, self.describe(parse_id(chosen)))] if chosen else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (chosen := self.value()):
            return queryset
        user_id = parse_id(chosen)
        return queryset.filter(**{f"{self.parameter_name}_id": user_id}) if user_id else queryset.none()

    def describe(self, user_id: int | None) -> str:
        return str(user_id)


class InviterFilter(UserFilter):
    title = _("inviter")
    parameter_name = "inviter"

    def describe(self, user_id: int | None) -> str:
        inviter = User.objects.filter(pk=user_id).first() if user_id else None
        return describe(inviter) if inviter else gettext("erased")


class OutcomeFilter(DropdownFilter):  # type: ignore[misc]
    title = _("state")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return Delivery.State.choices

    def queryset(self, request: HttpRequest, queryset: DeliveryQuerySet) -> DeliveryQuerySet:
        outcome = self.value()
        return queryset.having_outcome(outcome) if outcome in Delivery.State else queryset


class ChannelFilter(DropdownFilter):  # type: ignore[misc]
    """The channel that accepted the message; choices are the channels in SMS_URL."""

    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(channel.name, channel.name) for channel in channels.channels()]

    def queryset(self, request: HttpRequest, queryset: DeliveryQuerySet) -> DeliveryQuerySet:
        return queryset.filter(channel=self.value()) if self.value() else queryset
