"""Form fields that the pages and the panel share."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from users import phones
from users.phones import PhoneNumber
from users.refusals import PhoneNumberInvalid

#: A number or code as it is typed, spaces and brackets included, is longer than what is stored.
MAX_TYPED = 40


class TypedPhoneNumberField(forms.CharField):
    def prepare_value(self, value: Any) -> Any:
        return value.as_international if isinstance(value, PhoneNumber) else value

    def clean(self, value: Any) -> str:
        """Return the E.164 form of a number as people type it."""
        typed = super().clean(value)
        try:
            return phones.normalize(typed)
        except PhoneNumberInvalid as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None
