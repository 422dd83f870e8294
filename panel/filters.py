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

from panel.lists import describe
from users.models import Delivery, Referral, User
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


class InviterFilter(SimpleListFilter):
    """Referrals of one inviter. Set by a link on that user's page; the filter itself lists no other choices."""

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
