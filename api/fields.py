"""Serializer fields with their own format."""

from typing import Any

from rest_framework import serializers

from users import phones
from users.form_fields import MAX_TYPED
from users.models import User
from users.refusals import PhoneNumberInvalid
from users.validators import confirmation_code_form


class TextField(serializers.CharField):
    """A string; DRF would also accept numbers: a code would lose its leading zeros, `1e400` would become a name."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TrueOrFalseField(serializers.BooleanField):
    """`true` or `false`; DRF would also accept "yes", 1 and the like."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class PhoneNumberField(TextField):
    """A mobile number in any common notation, normalized to E.164."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_TYPED, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        try:
            return phones.normalize(super().to_internal_value(data))
        except PhoneNumberInvalid as refusal:
            raise serializers.ValidationError(str(refusal), code=refusal.code) from None


class ConfirmationCodeField(TextField, serializers.RegexField):
    """A confirmation code: digits, surrounding spaces are stripped."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**confirmation_code_form(), **kwargs)


class ReferralCodeField(TextField):
    """An invite code in any notation: case, spaces and dashes don't matter."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=32, **kwargs)


def own_fields() -> dict[str, TextField]:
    """Return an optional field for each of `User.OWN_FIELDS`, with the length and the validators of its column."""
    return {
        name: TextField(
            required=False,
            allow_blank=True,
            max_length=column.max_length,
            validators=User.own_validators(name),
        )
        for name, column in User.own_columns().items()
    }
