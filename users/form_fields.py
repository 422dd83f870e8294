"""Form fields that the pages and the panel share."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst

from users import phones, referral_codes
from users.models import User
from users.phones import PhoneNumber
from users.reading import MAX_TYPED
from users.refusals import PhoneNumberInvalid
from users.validators import confirmation_code


class TypedReferralCodeField(forms.CharField):
    """An invite code or its share link, as it was typed: the rule that takes it reads it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=referral_codes.MAX_TYPED, **options)


class TypedConfirmationCodeField(forms.CharField):
    #: Digits of the code that was sent, if it is known.
    code_length = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_TYPED, **options)

    def clean(self, value: Any) -> str:
        """Return the digits of a typed code."""
        return confirmation_code(super().clean(value), expected_length=self.code_length)


class OwnField(forms.CharField):
    """The text of one of `User.OWN_FIELDS`, with the length and the validators of its column."""

    def __init__(self, name: str, **options: Any) -> None:
        self._read = User.OWN_FIELDS[name]
        column = User.own_columns()[name]
        options = {"label": capfirst(column.verbose_name), "required": not column.blank, **options}
        super().__init__(max_length=column.max_length, validators=User.own_validators(name), **options)

    def to_python(self, value: Any) -> str:
        return self._read(super().to_python(value) or "")


class TypedPhoneNumberField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_TYPED, **options)

    def prepare_value(self, value: Any) -> Any:
        return value.as_international if isinstance(value, PhoneNumber) else value

    def clean(self, value: Any) -> str:
        """Return the E.164 form of a typed number."""
        typed = super().clean(value)
        try:
            return phones.normalize(typed)
        except PhoneNumberInvalid as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None
