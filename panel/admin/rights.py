"""Groups and the permissions that superusers assign."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from panel.audited import Audited
from panel.foreign_texts import PERMISSIONS
from panel.lists import CappedPaginator, Counted, ReadsStrictly

#: The permissions that the panel or the API ask for.
OFFERED = Q(content_type__app_label__in=("users", "axes"), codename__in=PERMISSIONS)


class PermissionsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Checkboxes with the panel's names: those of Django are stored in English."""

    def label_from_instance(self, permission: Any) -> str:
        return str(PERMISSIONS[permission.codename])


class OffersRights:
    """Mixin for a `ModelAdmin`: offers only the permissions that have an effect, as checkboxes."""

    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in {"permissions", "user_permissions"}:
            kwargs["queryset"] = db_field.remote_field.model.objects.filter(OFFERED)
            kwargs["form_class"] = PermissionsField
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(Counted, ReadsStrictly, Audited, OffersRights, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Groups, for superusers only: other staff could give permissions to their own group."""

    paginator = CappedPaginator
    counted = ngettext_lazy("%(count)d group", "%(count)d groups", "count")
    search_help_text = _("Name of a group")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)
