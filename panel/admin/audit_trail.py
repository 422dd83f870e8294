"""Audit trail, read-only."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter

from panel.exports import ExportsList
from panel.filters import DaysFilter, UserFilter
from panel.lists import ReadOnlyModelAdmin
from panel.sentences import sentence_of, who_did
from users import phones
from users.models import AuditRecord, User
from users.refusals import PhoneNumberInvalid


class PersonFilter(UserFilter):
    title = _("whom")
    parameter_name = "person"


class ReadingFilter(DropdownFilter):  # type: ignore[misc]
    """Hides what staff only looked at, unless it is asked for or an action is chosen."""

    title = _("reading")
    parameter_name = "reading"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("shown", _("with what was only viewed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditRecord]) -> QuerySet[AuditRecord]:
        if self.value() == "shown" or "action__exact" in request.GET:
            return queryset
        return queryset.exclude(action__in=AuditRecord.READING)


class ServiceFilter(UserFilter):
    """Records of what one service did; set by a link in the list of service accounts."""

    title = _("service account")
    parameter_name = "service"


@admin.register(AuditRecord)
class AuditRecordAdmin(ExportsList, ReadOnlyModelAdmin):
    """Read-only, so that staff can't cover their traces."""

    counted = ngettext_lazy("%(count)d record", "%(count)d records", "count")
    list_display = ("at", "who", "what")
    list_filter = (PersonFilter, ServiceFilter, ReadingFilter, ("action", ChoicesDropdownFilter), ("at", DaysFilter))
    list_select_related = ("actor", "person", "service")
    sortable_by = ()
    search_fields = ("person",)
    search_help_text = _("A whole phone number: whose actions, or about whom")
    csv_name = "audit-trail"
    csv_columns = {
        "at": "at",
        "actor": "actor__phone_number",
        "service": "service__name",
        "action": "action",
        "person": "person_id",
        "thing": "thing",
        "details": Cast("details", CharField()),
    }
    fields = ("at", "who", "what", "action", "details_shown", "address")
    readonly_fields = ("who", "what", "details_shown")

    @admin.display(description=_("who"))
    def who(self, record: AuditRecord) -> str:
        return who_did(record)

    @admin.display(description=_("what"))
    def what(self, record: AuditRecord) -> str:
        return sentence_of(record)

    @admin.display(description=_("details"))
    def details_shown(self, record: AuditRecord) -> str:
        return json.dumps(record.details, ensure_ascii=False) if record.details else ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord], search_term: str
    ) -> tuple[QuerySet[AuditRecord], bool]:
        if not search_term:
            return queryset, False
        try:
            user = User.objects.filter(phone_number=phones.normalize(search_term)).first()
        except PhoneNumberInvalid:
            user = None
        return queryset.filter(Q(person=user) | Q(actor=user)) if user else queryset.none(), False
