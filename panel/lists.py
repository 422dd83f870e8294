"""What every list of the panel has in common: it is as quick with a million rows as with ten."""

from collections.abc import Collection
from functools import cached_property
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import ActionForm
from unfold.views import ChangeList

from panel.audited import Audited
from users import phones
from users.models import User
from users.refusals import PhoneNumberInvalid


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts to MAX_COUNTED and no further, for counting a whole table takes longer with every row."""

    MAX_COUNTED = 10_000
    template_name = "admin/users/capped_pagination.html"

    @cached_property
    def _counted(self) -> int:
        # Unordered: a plan that walks an index in order could pass the whole table to find a few matches.
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: self.MAX_COUNTED + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.MAX_COUNTED)

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than were counted."""
        return self._counted > self.MAX_COUNTED


class QuickChangeList(ChangeList):  # type: ignore[misc]
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # How many there are stands below the list, "10000+" included; the heading would take the cap for the number.
        self.full_result_count = self.result_count

    def get_ordering_field(self, field_name: str) -> Any:
        """Ignore an address that asks for an order which the headings don't offer: it would sort the whole table."""
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None


class SelectedOnlyActionForm(ActionForm):  # type: ignore[misc]
    def clean_select_across(self) -> bool:
        """Take the ticked rows only: no action, erasing least of all, runs over a million people at a click."""
        return False


class QuickModelAdmin(Audited, ModelAdmin):  # type: ignore[misc]
    """A list that never counts, sorts or filters by what no index serves."""

    paginator = CappedPaginator
    action_form = SelectedOnlyActionForm
    list_disable_select_all = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    #: The only query parameters that may filter: any column could be read out by guessing its beginning otherwise.
    allowed_lookups: ClassVar[Collection[str]] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[QuickChangeList]:
        return QuickChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.allowed_lookups


class ReadOnlyModelAdmin(QuickModelAdmin):
    """Rows that only the rules write."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ByPhone:
    """A list of rows about phone numbers, which are found by the whole number only, as people type it."""

    search_fields = ("phone_number",)
    search_help_text = _("A whole phone number")

    @admin.display(description=_("phone number"))
    def phone(self, row: Any) -> str:
        return show_phone(row.phone_number) if row.phone_number else gettext("erased")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.filter(phone_number=phones.normalize(search_term)), False
        except PhoneNumberInvalid:
            return queryset.none(), False


def show_phone(number: phones.PhoneNumber) -> str:
    """The number as it is read, and never broken over two lines."""
    return number.as_international.translate({ord(" "): "\u00a0", ord("-"): "\u2011"})


def describe(person: User) -> str:
    return f"{show_phone(person.phone_number)} {person.username}".strip()


def link_to(person: User | None) -> str | SafeString:
    """A link to a person's page; the other party of an anonymous referral has none."""
    if person is None:
        return gettext("erased")
    url = reverse("admin:users_user_change", args=[person.pk])
    return format_html('<a href="{}" class="text-link">{}</a>', url, describe(person))
