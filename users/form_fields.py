"""Form fields that the pages and the panel share."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from users import phones
from users.phones import PhoneNumber
from users.refusals import PhoneNumberInvalid

#: A phone number or code as it is typed, with spaces and brackets, is longer than what is stored.
MAX_TYPED = 40


class TypedReferralCodeField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_TYPED, **options)


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
