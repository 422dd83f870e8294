"""Referrals, read-only: codes are activated on the page of a user."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from panel.exports import ExportsList
from panel.filters import DaysFilter, InviterFilter
from panel.lists import ReadOnlyModelAdmin, link_to
from users import phones, referral_codes
from users.models import Referral, User
from users.refusals import PhoneNumberInvalid


@admin.register(Referral)
class ReferralAdmin(ExportsList, ReadOnlyModelAdmin):
    counted = ngettext_lazy("%(count)d referral", "%(count)d referrals", "count")
    list_display = ("activated_at", "invited_link", "inviter_link", "referral_code")
    list_filter = (InviterFilter, ("activated_at", DaysFilter))
    list_select_related = ("invited", "inviter")
    sortable_by = ("activated_at",)
    search_fields = ("referral_code",)
    search_help_text = _("A whole phone number or an invite code")
    csv_name = "referrals"
    csv_columns = {
        "activated_at": "activated_at",
        "invited": "invited__phone_number",
        "inviter": "inviter__phone_number",
        "referral_code": "referral_code",
    }
    fields = ("activated_at", "invited_link", "inviter_link", "referral_code")
    readonly_fields = ("invited_link", "inviter_link")

    @admin.display(description=_("invited"))
    def invited_link(self, referral: Referral) -> str:
        return link_to(referral.invited)

    @admin.display(description=_("inviter"))
    def inviter_link(self, referral: Referral) -> str:
        return link_to(referral.inviter)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Referral], search_term: str
    ) -> tuple[QuerySet[Referral], bool]:
        if not search_term:
            return queryset, False
        # Two queries: with known ids each column uses its index; a join would scan the table.
        ids = list(User.objects.filter(_matching(search_term)).values_list("pk", flat=True))
        return queryset.filter(Q(invited__in=ids) | Q(inviter__in=ids)), False


def _matching(term: str) -> Q:
    has_code = Q(referral_code__in=referral_codes.readings(term))
    try:
        return has_code | Q(phone_number=phones.normalize(term))
    except PhoneNumberInvalid:
        return has_code
