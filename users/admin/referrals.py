"""Who came with whom: to look at only, for a code is activated through the rules."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from users import phones, referral_codes
from users.admin.lists import ReadOnlyModelAdmin, describe, link_to
from users.exceptions import PhoneNumberInvalid
from users.models import Referral, User


class InviterFilter(admin.SimpleListFilter):
    """Shows whose referrals are listed; it is set by a link from that person's page, not chosen from a million."""

    title = _("inviter")
    parameter_name = "inviter"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        inviter_id = request.GET.get(self.parameter_name, "")
        inviter = User.objects.filter(pk=inviter_id).first() if inviter_id.isdecimal() else None
        return [(inviter_id, describe(inviter))] if inviter else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Referral]) -> QuerySet[Referral]:
        return queryset.filter(inviter=self.value()) if self.value() else queryset


@admin.register(Referral)
class ReferralAdmin(ReadOnlyModelAdmin):
    list_display = ("activated_at", "invited_link", "inviter_link", "referral_code")
    list_filter = (InviterFilter,)
    list_select_related = ("invited", "inviter")
    sortable_by = ("activated_at",)
    allowed_lookups = ("inviter",)
    search_fields = ("referral_code",)
    search_help_text = _("A whole phone number or an invite code")
    fields = ("activated_at", "invited_link", "inviter_link", "referral_code")
    readonly_fields = ("invited_link", "inviter_link")

    @display(description=_("invited"))
    def invited_link(self, referral: Referral) -> str:
        return link_to(referral.invited)

    @display(description=_("inviter"))
    def inviter_link(self, referral: Referral) -> str:
        return link_to(referral.inviter)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Referral], search_term: str
    ) -> tuple[QuerySet[Referral], bool]:
        if not search_term:
            return queryset, False
        # Two steps: with the people known, both columns are looked up in their index; joined, the table is scanned.
        ids = list(User.objects.filter(_whose(search_term)).values_list("pk", flat=True))
        return queryset.filter(Q(invited__in=ids) | Q(inviter__in=ids)), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]


def _whose(term: str) -> Q:
    whose = Q(referral_code=referral_codes.normalize(term) or None)
    try:
        return whose | Q(phone_number=phones.normalize(term))
    except PhoneNumberInvalid:
        return whose
