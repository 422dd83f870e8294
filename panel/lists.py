"""Base classes of the lists; response times don't grow with the number of rows."""

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.forms import ActionForm
from unfold.views import ChangeList

from common.database.ids import parse_id
from panel.audited import Audited
from users import phones
from users.models import User
from users.refusals import PhoneNumberInvalid

#: Longer than every choice of a filter and every text that a search finds.
LONGEST_VALUE = 200


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts up to MAX_COUNTED rows: counting a whole table takes time in proportion to its size."""

    MAX_COUNTED = 10_000
    template_name = "admin/users/capped_pagination.html"

    @cached_property
    def _counted(self) -> int:
        # Unordered: with an order, the planner may scan a whole index to find a few matches.
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: self.MAX_COUNTED + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.MAX_COUNTED)

    @property
    def has_more(self) -> bool:
        """True if there are more than MAX_COUNTED rows."""
        return self._counted > self.MAX_COUNTED


class QuickChangeList(ChangeList):  # type: ignore[misc]
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # The heading shows `full_result_count` without the "+" of a capped count, which the pagination shows.
        self.full_result_count = self.result_count

    def get_ordering_field(self, field_name: str) -> Any:
        """Ignore an order in the URL that the headings don't offer: no index serves it."""
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None


class SelectedOnlyActionForm(ActionForm):  # type: ignore[misc]
    def clean_select_across(self) -> bool:
        """Restrict actions to selected rows: "select all" could erase a million users."""
        return False


class ReadsStrictly:
    """Mixin for a `ModelAdmin`: refuses values that no choice or column has, before a filter or an action reads one."""

    list_filter: ClassVar[Collection[Any]]

    @property
    def allowed_lookups(self) -> set[str]:
        """The query parameters of the filters; with others, `?column__startswith=` would reveal any column."""
        return {parameter for each in self.list_filter for parameter in _parameters(each)}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.allowed_lookups

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        values = [value for name in request.GET for value in request.GET.getlist(name)]
        if any("\0" in value or len(value) > LONGEST_VALUE for value in values):
            raise BadRequest
        try:
            return super().get_changelist_instance(request)  # type: ignore[misc]
        except IncorrectLookupParameters:
            if ERROR_FLAG not in request.GET:
                raise  # Django redirects to the whole list
            raise BadRequest from None

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        if not all(map(parse_id, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest
        return cast("HttpResponseBase | None", super().response_action(request, queryset))  # type: ignore[misc]


def _parameters(item: Any) -> Iterator[str]:
    """Yield the query parameters of an item of `list_filter`: a filter, or a column and its kind of filter."""
    if isinstance(item, tuple):
        column, kind = item
        ends = ("_from", "_to") if issubclass(kind, RangeDateFilter) else ("__exact",)
        yield from (column + end for end in ends)
    else:
        yield item.parameter_name


class Counted:
    """Mixin for a `ModelAdmin`: the number of rows in words, as Russian needs three forms of the noun."""

    #: A lazy plural with `count`.
    counted: Any = ngettext_lazy("%(count)d row", "%(count)d rows", "count")

    def count_text(self, count: int) -> str:
        return str(self.counted % {"count": count})


class QuickModelAdmin(Counted, ReadsStrictly, Audited, ModelAdmin):  # type: ignore[misc]
    """A list that counts up to a cap, and sorts and filters by indexed columns only."""

    paginator = CappedPaginator
    action_form = SelectedOnlyActionForm
    list_disable_select_all = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True  # a range of days needs a button

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[QuickChangeList]:
        return QuickChangeList


class ReadOnlyModelAdmin(QuickModelAdmin):
    """A list to view only; the domain writes the rows."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ByPhone:
    """Mixin for rows with a phone number: finds them by the whole number in any format."""

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
            return self.with_number(queryset, phones.normalize(search_term)), False
        except PhoneNumberInvalid:
            return queryset.none(), False

    def with_number(self, queryset: QuerySet[Any], phone_number: str) -> QuerySet[Any]:
        return queryset.filter(phone_number=phone_number)


def show_phone(number: phones.PhoneNumber) -> str:
    """Return the number in international format, which a line does not break."""
    return phones.unbroken(number.as_international)


def describe(user: User) -> str:
    return f"{show_phone(user.phone_number)} {user.username}".strip()


def link_to(user: User | None) -> str | SafeString:
    """Return a link to a user's page; "erased" for None."""
    if user is None:
        return gettext("erased")
    url = reverse("admin:users_user_change", args=[user.pk])
    return format_html('<a href="{}" class="text-link">{}</a>', url, describe(user))
