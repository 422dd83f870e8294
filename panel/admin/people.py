"""Users: list, search, add, change, erase; the domain's rules apply on saving."""

from collections.abc import Iterable
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm
from unfold.widgets import UnfoldAdminTextInputWidget

from common.database.ids import parse_id
from panel.admin.people_columns import UserColumns
from panel.admin.person_actions import PersonActions
from panel.admin.rights import OffersRights
from panel.exports import ExportsList
from panel.filters import DaysFilter
from panel.forms import UserAddForm, UserForm
from panel.lists import QuickModelAdmin, describe, link_to
from panel.tree_picture import draw
from users import audit
from users.form_fields import OwnField
from users.models import User
from users.people import personal_data, search
from users.people.accounts import add_user, change_user
from users.people.erasure import erase
from users.people.rights import may
from users.referrals import newest
from users.referrals.activation import activate
from users.referrals.tree import tree_of
from users.refusals import Refusal

NEWEST_REFERRALS = 50
Action = audit.Action
#: Fields of the form that are columns of `User`.
COLUMNS = frozenset({"phone_number", "external_id", *User.OWN_FIELDS, "is_staff", "is_superuser"})
RIGHTS = (_("Rights"), {"fields": ("is_staff", "is_superuser", "groups", "user_permissions", "password_state")})


@admin.register(User)
class UserAdmin(UserColumns, PersonActions, ExportsList, OffersRights, DjangoUserAdmin, QuickModelAdmin):  # type: ignore[type-arg, misc]
    """Permissions are those of `users.people.rights`; only superusers assign permissions and passwords."""

    counted = ngettext_lazy("%(count)d person", "%(count)d people", "count")
    list_display = ("phone", "username", "referral_code", "inviter", "referrals", "status", "registered_at")
    list_filter = (("is_active", BooleanRadioFilter), ("is_staff", BooleanRadioFilter), ("registered_at", DaysFilter))
    sortable_by = ("phone", "registered_at")
    ordering = ("-registered_at", "-id")
    search_fields = ("phone_number", "username", "referral_code")
    search_help_text = _("4 or more digits of a number, a name, invite code or id")
    actions = ("block_selected", "unblock_selected", "sign_out_selected", "export_selected")
    actions_detail = ("personal_data",)
    csv_name = "people"
    csv_columns = {
        "phone_number": "phone_number",
        **{name: name for name in User.OWN_FIELDS},
        "referral_code": "referral_code",
        "used_referral_code": "invitation__referral_code",
        "referrals_count": "referrals_count",
        "is_active": "is_active",
        "is_staff": "is_staff",
        "registered_at": "registered_at",
        "updated_at": "updated_at",
        "id": "public_id",
        "external_id": "external_id",
    }
    readonly_fields = (
        "public_id",
        "referral_code",
        "used_code",
        "inviter",
        "referrals",
        "registered_at",
        "updated_at",
        "last_login",
        "password_state",
    )
    add_form_template = None
    change_password_form = AdminPasswordChangeForm
    change_form_outer_before_template = "admin/users/user/story.html"
    change_form_outer_after_template = "admin/users/user/invitations.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request)
        return users.select_related("invitation__inviter")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        return (search.matching(queryset, search_term) if search_term else queryset), False

    # Permissions

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return may(request.user, "view", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "add")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return may(request.user, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return may(request.user, "delete", obj)

    def has_export_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        user_id = parse_id(object_id or "")
        user = User.objects.filter(pk=user_id).first() if user_id else None
        return may(request.user, "export", user)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        # Staff could otherwise set the password of a user who later becomes staff.
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    # Adding

    @method_decorator(sensitive_post_parameters())
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Skip Django's `UserAdmin`, which also needs the permission to change users: new ones can't be staff here."""
        page: HttpResponse = super(DjangoUserAdmin, self).add_view(request, form_url, extra_context)
        return page

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        if may(request.user, "view", obj):
            return super().response_add(request, obj, post_url_continue)
        return self.response_post_save_add(request, obj)

    # Page of a user

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        is_superuser = request.user.is_superuser
        if obj is None:
            passwords: Any = (_("For staff"), {"fields": ("password1", "password2")})
            return [
                (None, {"fields": ("phone_number", *User.OWN_FIELDS, "external_id")}),
                *([passwords] if is_superuser else []),
            ]
        # After a refusal the form shows the typed code and the error.
        enters_code = "used_referral_code" in request.POST or (
            obj.used_referral_code is None and self.has_change_permission(request, obj)
        )
        came_with = ("used_referral_code",) if enters_code else ("used_code", "inviter")
        return [
            (None, {"fields": ("phone_number", *User.OWN_FIELDS, ("public_id", "external_id"))}),
            (_("Referrals"), {"fields": (("referral_code", "referrals"), came_with)}),
            (_("Times"), {"fields": (("registered_at", "updated_at", "last_login"),)}),
            *([RIGHTS] if is_superuser else []),
        ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in User.OWN_FIELDS:
            return OwnField(db_field.name, widget=UnfoldAdminTextInputWidget)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = UserAddForm if obj is None and request.user.is_superuser else UserForm
        form = cast("type[UserForm]", super().get_form(request, obj, change=change, **kwargs))
        form.refusal = getattr(request, "refusal", None)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save; a refusal of a rule rolls back the transaction and is shown as an error of the form."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refusal as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: UserForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            # Django's form has set the values of this instance already.
            stored = User.objects.get(pk=obj.pk)
            change_user(user=stored, **{name: data[name] for name in COLUMNS.intersection(form.changed_data)})
        else:
            own = {name: data[name] for name in (*User.OWN_FIELDS, "external_id")}
            password = data.get("password1") or None
            user, _values = add_user(phone_number=data["phone_number"], password=password, **own)
            obj.pk = user.pk
            obj.refresh_from_db()
        if code := data.get("used_referral_code"):
            activate(user=obj, referral_code=code)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj: User | None = kwargs.get("obj")
        if obj:
            context |= self.story_of(request, obj)
            tree = tree_of(user=obj)
            context |= {"tree": tree, "picture": None if tree.is_alone else draw(tree)}
            referrals = newest.referrals_of(obj).select_related("invited")[:NEWEST_REFERRALS]
            context["newest_referrals"] = {
                "headers": [_("Invited"), _("Activated")],
                "rows": [(link_to(referral.invited), referral.activated_at) for referral in referrals],
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # Erasure

    def get_deleted_objects(self, objs: Iterable[User], request: HttpRequest) -> Any:
        """Describe the erasure without collecting related rows: an inviter may have a million referrals."""
        users = list(objs)
        consequences = [
            gettext("Their sessions and confirmation codes end."),
            gettext("Their invite code is never given to anyone again."),
            gettext("Their number can't activate an invite code for %(days)d days.")
            % {"days": settings.NUMBER_MEMORY_DAYS},
            gettext("Whom they invited, and who invited them, stays as an anonymous link."),
        ]
        lacking = set() if all(self.has_delete_permission(request, user) for user in users) else {gettext("staff")}
        return [*map(describe, users), consequences], {self.opts.verbose_name_plural: len(users)}, lacking, []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        erase(user=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            erase(user=user)

    # Export

    @admin.action(description=_("Export selected people to CSV"), permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponseBase:
        ids = list(queryset.values_list("pk", flat=True))
        audit.record(by=request, action=Action.EXPORTED, about="user", details={"ids": ids})
        return self.download(queryset)

    @action(
        description=_("Everything kept about them"), icon="download", permissions=["export"], url_path="personal-data"
    )  # type: ignore[untyped-decorator]
    def personal_data(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Download the personal-data export of a user."""
        user = get_object_or_404(User, pk=object_id)
        audit.record(by=request, action=Action.EXPORTED, about=user)
        return personal_data.download(user)
