"""Forms of the pages. They validate format; refusals of the rules in `users` are shown as form errors."""

from typing import Any, ClassVar, cast

from django import forms
from django.forms.renderers import DjangoTemplates
from django.forms.utils import ErrorList
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common.http.redirects import safe_url
from users import phones
from users.form_fields import OwnField, TypedConfirmationCodeField, TypedPhoneNumberField, TypedReferralCodeField
from users.models import User
from users.referrals import visibility
from users.refusals import Refusal


class FormTemplates(DjangoTemplates):
    field_template_name = "web/field.html"


class Errors(ErrorList):
    def __getitem__(self, i: Any) -> Any:
        return phones.unbroken(super().__getitem__(i))


class Form(forms.Form):
    # One instance for all forms: a renderer has its own template engine, with its own cache of compiled templates.
    default_renderer = FormTemplates()
    #: The refusal of a rule, for valid data.
    refusal: Refusal | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", "error_class": Errors, **kwargs})
        # Lets `refuse` call `add_error` on an unbound form.
        self.cleaned_data: dict[str, Any] = {}

    def refuse(self, refusal: Refusal) -> None:
        """Add a refusal to its field, or to the whole form."""
        self.refusal = refusal
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))


class NextField(forms.CharField):
    """The path to open after the sign-in. A longer one, or one of another host, is dropped: it is not typed."""

    MAX_LENGTH = 200

    def clean(self, value: Any) -> str:
        url = str(super().clean(value))
        return safe_url(url) if len(url) <= self.MAX_LENGTH else ""


class PhoneNumberForm(Form):
    phone_number = TypedPhoneNumberField(
        label=_("Phone number"),
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "placeholder": "+7 999 999-99-99", "autofocus": True}
        ),
    )
    used_referral_code = TypedReferralCodeField(required=False, widget=forms.HiddenInput)
    next = NextField(required=False, widget=forms.HiddenInput)


class CodeForm(Form):
    confirmation_code = TypedConfirmationCodeField(
        label=_("Code from the message"),
        widget=forms.TextInput(
            attrs={
                "class": "one-time-code",
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "autofocus": True,
            }
        ),
    )

    def __init__(self, *args: Any, code_length: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = cast("TypedConfirmationCodeField", self.fields["confirmation_code"])
        code.code_length = code_length
        code.help_text = ngettext("%(count)d digit", "%(count)d digits", code_length) % {"count": code_length}
        code.widget.attrs["size"] = code_length


class NewNumberForm(Form):
    phone_number = TypedPhoneNumberField(
        label=_("New phone number"),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "autofocus": True}),
    )


class ConfirmationCodeForm(CodeForm):
    username = OwnField(
        "username",
        label=_("Name, if you are new here"),
        help_text=_("Nobody sees it but you and the staff."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    used_referral_code = TypedReferralCodeField(
        label=_("Invite code, if somebody invited you"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first_only = _("It counts at your first sign-in.")
        self.fields["used_referral_code"].help_text = f"{first_only} {visibility.notice()}"


class ReferralCodeForm(Form):
    used_referral_code = TypedReferralCodeField(
        label=_("Invite code of another person"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["used_referral_code"].help_text = visibility.notice()


class OwnFieldsForm(Form):
    """A field for each of `User.OWN_FIELDS`."""

    HELP_TEXTS: ClassVar = {"username": _("Nobody sees it but you and the staff.")}
    #: The `autocomplete` attribute (WCAG 2.2, 1.3.5).
    AUTOCOMPLETE: ClassVar = {"username": "name"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in User.OWN_FIELDS:
            widget = forms.TextInput(attrs={"autocomplete": self.AUTOCOMPLETE.get(name, "off")})
            self.fields[name] = OwnField(name, help_text=self.HELP_TEXTS.get(name, ""), widget=widget)


class ErasureForm(Form):
    understood = forms.BooleanField(label=_("I understand that this can not be undone."))
