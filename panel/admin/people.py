"""People: finding, adding, changing and erasing them, each through the rules."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm

from panel.admin.rights import OffersRights
from panel.exports import ExportsList
from panel.filters import DaysFilter
from panel.forms import PersonAddForm, PersonForm
from panel.lists import QuickModelAdmin, describe, link_to, show_phone
from panel.tree_picture import draw
from users import audit
from users.models import User
from users.people import personal_data, search
from users.people.erasure import erase
from users.referrals.activation import activate
from users.referrals.tree import tree_of
from users.refusals import Refusal

NEWEST_REFERRALS = 50
Action = audit.Action
#: The form's fields that are columns of the person.
COLUMNS = frozenset({"phone_number", "username", "is_active", "is_staff", "is_superuser"})
RIGHTS = (_("Rights"), {"fields": ("is_staff", "is_superuser", "groups", "user_permissions", "password_state")})


@admin.register(User)
class PersonAdmin(ExportsList, OffersRights, UserAdmin, QuickModelAdmin):  # type: ignore[type-arg, misc]
    """Staff manage people; only a superuser manages staff, rights and passwords."""

    list_display = (
        "phone",
        "username",
        "referral_code",
        "inviter",
        "referrals",
        "status",
        "registered_at",
    )
    list_filter = (
        ("is_active", BooleanRadioFilter),
        ("is_staff", BooleanRadioFilter),
        ("registered_at", DaysFilter),
    )
    list_filter_submit = True
    allowed_lookups = ("is_active__exact", "is_staff__exact", "registered_at_from", "registered_at_to")
    sortable_by = ("phone", "registered_at")
    ordering = ("-registered_at", "-id")
    search_fields = ("phone_number", "username", "referral_code")
    search_help_text = _("Phone number, name or invite code")
    actions = ("export_selected",)
    actions_detail = ("personal_data",)
    csv_name = "people"
    csv_columns = {
        "phone_number": "phone_number",
        "username": "username",
        "referral_code": "referral_code",
        "used_referral_code": "invitation__referral_code",
        "referrals_count": "referrals_count",
        "is_active": "is_active",
        "is_staff": "is_staff",
        "registered_at": "registered_at",
    }
    readonly_fields = (
        "referral_code",
        "used_code",
        "inviter",
        "referrals",
        "registered_at",
        "last_login",
        "password_state",
    )
    add_form_template = None
    change_password_form = AdminPasswordChangeForm
    change_form_outer_after_template = "admin/users/user/invitations.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people.select_related("invitation__inviter")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        return (search.matching(queryset, search_term) if search_term else queryset), False

    # Columns

    @admin.display(description=_("phone number"), ordering="phone_number")
    def phone(self, person: User) -> str:
        return show_phone(person.phone_number)

    @admin.display(description=_("came with"))
    def inviter(self, person: User) -> str | None:
        return link_to(person.invitation.inviter) if hasattr(person, "invitation") else None

    @admin.display(description=_("people invited"))
    def referrals(self, person: User) -> str | int:
        if not person.referrals_count:
            return 0
        url = reverse("admin:users_referral_changelist")
        return format_html('<a href="{}?inviter={}" class="text-link">{}</a>', url, person.pk, person.referrals_count)

    @admin.display(description=_("invite code they came with"))
    def used_code(self, person: User) -> str | None:
        return person.used_referral_code

    @admin.display(description=_("password"))
    def password_state(self, person: User) -> str:
        has_one = person.has_usable_password()
        state = gettext("Set.") if has_one else gettext("None: signs in by a code sent to the phone.")
        url = reverse("admin:auth_user_password_change", args=[person.pk])
        label = gettext("Change the password") if has_one else gettext("Set a password")
        return format_html('{} <a href="{}" class="text-link underline">{}</a>', state, url, label)

    @display(  # type: ignore[untyped-decorator]
        description=_("status"), label={"active": "success", "staff": "info", "disabled": "danger"}
    )
    def status(self, person: User) -> tuple[str, Promise]:
        if not person.is_active:
            return "disabled", _("disabled")
        return ("staff", _("staff")) if person.is_staff else ("active", _("active"))

    # Who may do what

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return _may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return _may_touch(request, obj) and super().has_delete_permission(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        # A password is of use to staff only: set beforehand, it would open the panel once they become staff.
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    # The person's page

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        is_superuser = request.user.is_superuser
        if obj is None:
            passwords: Any = (_("For staff"), {"fields": ("password1", "password2")})
            return [(None, {"fields": ("phone_number", "username")}), *([passwords] if is_superuser else [])]
        # What was typed is shown again, with what the rules said about it.
        enters_code = "used_referral_code" in request.POST or (
            obj.used_referral_code is None and self.has_change_permission(request, obj)
        )
        came_with = ("used_referral_code",) if enters_code else ("used_code", "inviter")
        return [
            (None, {"fields": ("phone_number", "username", "is_active")}),
            (_("Referrals"), {"fields": (("referral_code", "referrals"), came_with)}),
            (_("Times"), {"fields": (("registered_at", "last_login"),)}),
            *([RIGHTS] if is_superuser else []),
        ]

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = PersonAddForm if obj is None and request.user.is_superuser else PersonForm
        form = cast("type[PersonForm]", super().get_form(request, obj, change=change, **kwargs))
        form.refusal = getattr(request, "refusal", None)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save through the rules; when one refuses, everything is rolled back and the form shows why."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refusal as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: PersonForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            User.objects.update_user(obj, **{name: data[name] for name in COLUMNS.intersection(form.changed_data)})
        else:
            person = User.objects.create_user(
                data["phone_number"], data.get("password1") or None, username=data["username"]
            )
            obj.pk = person.pk
            obj.refresh_from_db()
        if code := data.get("used_referral_code"):
            activate(user=obj, referral_code=code)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj: User | None = kwargs.get("obj")
        if obj:
            tree = tree_of(person=obj)
            context |= {"tree": tree, "picture": None if tree.is_alone else draw(tree)}
            newest = obj.referrals.select_related("invited").order_by("-activated_at", "-id")[:NEWEST_REFERRALS]
            context["newest_referrals"] = {
                "headers": [_("Invited"), _("Activated")],
                "rows": [(link_to(referral.invited), referral.activated_at) for referral in newest],
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # Erasing

    def get_deleted_objects(self, objs: Iterable[User], request: HttpRequest) -> Any:
        """Say what is erased without looking for it: an inviter may have a million referrals."""
        people = list(objs)
        consequences = [
            gettext("Their sessions and confirmation codes end."),
            gettext("Their invite code is never given to anyone again."),
            gettext("Whom they invited, and who invited them, stays as an anonymous link."),
        ]
        lacking = set() if all(self.has_delete_permission(request, person) for person in people) else {gettext("staff")}
        return [*map(describe, people), consequences], {self.opts.verbose_name_plural: len(people)}, lacking, []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        erase(user=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for person in queryset:
            erase(user=person)

    # Export

    @admin.action(description=_("Export selected people to CSV"), permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponseBase:
        ids = list(queryset.values_list("pk", flat=True))
        audit.record(by=request, action=Action.EXPORTED, about="user", details={"ids": ids})
        return self.download(queryset)

    @action(
        description=_("Everything kept about them"), icon="download", permissions=["view"], url_path="personal-data"
    )  # type: ignore[untyped-decorator]
    def personal_data(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What they may ask for by law, for staff to hand it over."""
        person = get_object_or_404(User, pk=object_id)
        audit.record(by=request, action=Action.EXPORTED, about=person)
        return personal_data.download(person)


def _may_touch(request: HttpRequest, person: User | None) -> bool:
    return request.user.is_superuser or person is None or not (person.is_staff or person.is_superuser)
