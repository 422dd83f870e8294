"""Forms of the admin panel. They validate format; the domain's rules are checked on saving."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib.auth.forms import SetPasswordMixin
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from common.database import locks
from panel import lockout
from users.form_fields import TypedPhoneNumberField, TypedReferralCodeField
from users.models import User
from users.reading import MAX_TYPED
from users.refusals import Refusal


class SignInForm(AuthenticationForm):  # type: ignore[misc]
    error_messages: ClassVar[dict[str, Any]] = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("Wrong phone number or password, or no access to this panel."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs |= {
            "type": "tel",
            "maxlength": MAX_TYPED,
            "autocomplete": "username",
            "placeholder": "+7 999 999-99-99",
        }

    def clean(self) -> dict[str, Any]:
        """Check one password at a time per client IP; concurrent guesses would all be checked before one is counted."""
        with transaction.atomic():
            locks.lock_name(f"password from {lockout.locked_ip(self.request)}")
            try:
                return cast("dict[str, Any]", super().clean())
            except ValidationError as invalid:
                error = invalid
        raise error  # outside of the transaction, which would roll back the count of wrong passwords


class UserForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    #: The refusal of a rule when valid data were saved; shown as an error of its field.
    refusal: ClassVar[Refusal | None] = None

    phone_number = TypedPhoneNumberField(
        label=_("Phone number"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=_("The person signs in with it, by a code in a text message."),
    )
    used_referral_code = TypedReferralCodeField(
        label=_("Invite code they came with"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Another person's code. It is activated by the usual rules, once and for all."),
    )

    def clean(self) -> dict[str, Any]:
        if self.refusal:
            field = self.refusal.field if self.refusal.field in self.fields else None
            self.add_error(field, ValidationError(str(self.refusal), code=self.refusal.code))
        return self.cleaned_data

    def validate_unique(self) -> None:
        """Do nothing: saving checks the unique constraint and raises `PhoneNumberTaken`."""


class UserAddForm(UserForm):
    password1 = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )
    password2 = forms.CharField(
        label=_("Password confirmation"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        password = self.cleaned_data.get("password1", "")
        if password != self.cleaned_data.get("password2", ""):
            self.add_error("password2", SetPasswordMixin.error_messages["password_mismatch"])
        elif password:
            try:
                validate_password(password, User(username=self.cleaned_data.get("username", "")))
            except ValidationError as weak:
                self.add_error("password1", weak)
        return self.cleaned_data
