"""Serializer fields with their own format."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from users import phones, referral_codes
from users.models import User
from users.reading import MAX_TYPED
from users.refusals import PhoneNumberInvalid
from users.statistics.report import zone_names
from users.validators import (
    EXTERNAL_ID_MAX_LENGTH,
    USERNAME_PATTERN,
    code_lengths,
    confirmation_code,
    validate_external_id,
    validate_username,
)


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


class TypedTextField(TextField):
    """A text that is read in every notation with one meaning, and answered in one.

    JSON Schema can describe the many only roughly: it has no word for the digits of every script.
    """

    typed: Mapping[str, Any]
    answered: Mapping[str, Any]


class PhoneNumberField(TypedTextField):
    typed = {
        "pattern": phones.TYPED_PATTERN,
        "maxLength": MAX_TYPED,
        "description": "A mobile number as people write it: with digits of any script, spaces, dashes, brackets, "
        "slashes, full stops and invisible marks; after `+`, `00` or `tel:` with the country code. "
        "No letters, no extension, no second number.",
        "example": "+79991234567",
    }
    answered = {"pattern": phones.E164_PATTERN, "example": "+79991234567"}

    def to_internal_value(self, data: Any) -> str:
        try:
            return phones.normalize(super().to_internal_value(data))
        except PhoneNumberInvalid as refusal:
            raise serializers.ValidationError(str(refusal), code=refusal.code) from None


class ConfirmationCodeField(TypedTextField):
    typed = {
        "pattern": f"^[^A-Za-z]{{{code_lengths()[0]},}}$",
        "maxLength": MAX_TYPED,
        "description": "Digits of any script, with or without spaces, dashes, full stops and invisible marks.",
        "example": "0427",
    }
    answered = {"pattern": rf"^[0-9]{{{code_lengths()[0]},{code_lengths()[-1]}}}$", "example": "0427"}

    def to_internal_value(self, data: Any) -> str:
        return confirmation_code(super().to_internal_value(data))


class TimeZoneField(TypedTextField):
    """The name of a time zone, as it is listed; the rule that takes it refuses others."""

    @property
    def typed(self) -> Mapping[str, Any]:  # type: ignore[override]
        return {"enum": sorted(zone_names())}


class ReferralCodeField(TextField):
    """An invite code or its share link, as it was typed: the rule that takes it reads it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=referral_codes.MAX_TYPED, **kwargs)


class KeptReferralCodeField(TextField):
    """An invite code that a person had elsewhere."""

    def to_internal_value(self, data: Any) -> str:
        if code := referral_codes.kept(super().to_internal_value(data)):
            return code
        message = _("An invite code has 1 to %(length)d Latin letters and digits.")
        raise serializers.ValidationError(message % {"length": referral_codes.MAX_LENGTH}, code="referral_code_invalid")


class ExternalIdField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=EXTERNAL_ID_MAX_LENGTH, validators=[validate_external_id], **kwargs)


#: What JSON Schema can say of the texts that validators of columns allow.
_PATTERNS = {validate_username: USERNAME_PATTERN}


class OwnField(TypedTextField):
    """The text of one of `User.OWN_FIELDS`, with the length and the validators of its column."""

    answered: Mapping[str, Any] = {}

    def __init__(self, name: str, **kwargs: Any) -> None:
        self._read = User.OWN_FIELDS[name]
        patterns = [_PATTERNS[check] for check in User.own_validators(name) if check in _PATTERNS]
        self.typed = {"pattern": patterns[0]} if patterns else {}
        super().__init__(
            required=False,
            allow_blank=True,
            max_length=User.own_columns()[name].max_length,
            validators=User.own_validators(name),
            **kwargs,
        )

    def to_internal_value(self, data: Any) -> str:
        return self._read(super().to_internal_value(data))


def own_fields() -> dict[str, OwnField]:
    """Return an optional field for each of `User.OWN_FIELDS`."""
    return {name: OwnField(name) for name in User.OWN_FIELDS}
