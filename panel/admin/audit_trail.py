"""Audit trail, read-only."""

import json

from django.contrib import admin
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from panel.exports import ExportsList
from panel.filters import UserFilter
from panel.lists import ReadOnlyModelAdmin, link_to
from users import phones
from users.models import AuditRecord, User
from users.refusals import PhoneNumberInvalid


class PersonFilter(UserFilter):
    title = _("whom")
    parameter_name = "person"


class ServiceFilter(UserFilter):
    """Records of what one service did; set by a link in the list of service accounts."""

    title = _("service account")
    parameter_name = "service"


@admin.register(AuditRecord)
class AuditRecordAdmin(ExportsList, ReadOnlyModelAdmin):
    """Read-only, so that staff can't cover their traces."""

    list_display = ("at", "who", "action", "about", "details_shown")
    list_filter = (PersonFilter, ServiceFilter, ("action", ChoicesDropdownFilter))
    list_filter_submit = True
    list_select_related = ("actor", "person", "service")
    allowed_lookups = ("person", "service", "action__exact")
    sortable_by = ()
    search_fields = ("person",)
    search_help_text = _("A whole phone number: whose deeds, or about whom")
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
    fields = ("at", "who", "action", "about", "details_shown", "address")
    readonly_fields = ("who", "about", "details_shown")

    @admin.display(description=_("who"))
    def who(self, record: AuditRecord) -> str:
        if record.service_id:
            return str(record.service)
        if record.actor_id:
            return link_to(record.actor)
        return gettext("a command") if record.thing else ""

    @admin.display(description=_("about"))
    def about(self, record: AuditRecord) -> str:
        return link_to(record.person) if record.person_id else record.thing

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
