"""What the list and the page of a user show beside the plain columns."""

from django.contrib import admin
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from panel.lists import link_to, show_phone
from users.models import User


class UserColumns:
    """Methods that `list_display` and `readonly_fields` name."""

    @admin.display(description=_("phone number"), ordering="phone_number")
    def phone(self, user: User) -> str:
        return show_phone(user.phone_number)

    @admin.display(description=_("came with"))
    def inviter(self, user: User) -> str | None:
        return link_to(user.invitation.inviter) if hasattr(user, "invitation") else None

    @admin.display(description=_("people invited"))
    def referrals(self, user: User) -> str | int:
        if not user.referrals_count:
            return 0
        url = reverse("admin:users_referral_changelist")
        return format_html('<a href="{}?inviter={}" class="text-link">{}</a>', url, user.pk, user.referrals_count)

    @admin.display(description=_("invite code they came with"))
    def used_code(self, user: User) -> str | None:
        return user.used_referral_code

    @admin.display(description=_("password"))
    def password_state(self, user: User) -> str:
        has_one = user.has_usable_password()
        state = gettext("Set.") if has_one else gettext("None: signs in by a code sent to the phone.")
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        label = gettext("Change the password") if has_one else gettext("Set a password")
        return format_html('{} <a href="{}" class="text-link underline">{}</a>', state, url, label)

    @display(  # type: ignore[untyped-decorator]
        description=_("status"), label={"active": "success", "staff": "info", "disabled": "danger"}
    )
    def status(self, user: User) -> tuple[str, Promise]:
        if not user.is_active:
            return "disabled", _("disabled")
        return ("staff", _("staff")) if user.is_staff else ("active", _("active"))
