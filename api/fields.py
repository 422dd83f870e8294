"""Serializer fields with their own format."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.fields import empty

from common import sms_texts
from common.time_zones import zone_names
from users import phones, referral_codes
from users.models import User
from users.models.sessions import DEVICE_MAX_LENGTH
from users.reading import MAX_TYPED
from users.referrals.visibility import shown_external_id, shown_number
from users.refusals import PhoneNumberInvalid
from users.validators import (
    EXTERNAL_ID_MAX_LENGTH,
    USERNAME_PATTERN,
    code_lengths,
    confirmation_code,
    confirmation_code_pattern,
    validate_device,
    validate_external_id,
    validate_username,
)

_no_null_characters = ProhibitNullCharactersValidator()


class TextField(serializers.CharField):
    """A string; DRF would also accept numbers: a code would lose its leading zeros, `1e400` would become a name.

    Its length and its null characters count as it is sent, which is what JSON Schema can say; DRF would trim it first.
    """

    def run_validation(self, data: Any = empty) -> Any:
        is_text = isinstance(data, str)
        if is_text and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        value = super().run_validation(data)
        if is_text:
            _no_null_characters(data)
        return value

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
        "examples": ["+79991234567"],
    }
    answered = {"pattern": phones.E164_PATTERN, "examples": ["+79991234567"]}

    def to_internal_value(self, data: Any) -> str:
        try:
            super().to_internal_value(data)
            return phones.normalize(data)
        except PhoneNumberInvalid as refusal:
            raise serializers.ValidationError(str(refusal), code=refusal.code) from None


class ConfirmationCodeField(TypedTextField):
    typed = {
        "pattern": confirmation_code_pattern(),
        "maxLength": MAX_TYPED,
        "description": "Digits of any script, with or without spaces, dashes, full stops and invisible marks.",
        "examples": ["0427"],
    }
    answered = {"pattern": f"^({'|'.join(f'[0-9]{{{n}}}' for n in code_lengths())})$", "examples": ["0427"]}

    def to_internal_value(self, data: Any) -> str:
        super().to_internal_value(data)
        return confirmation_code(data)


class TimeZoneField(TypedTextField):
    """The name of a time zone; the rule that takes it refuses those that do not exist."""

    _names = sorted(zone_names())
    typed = {
        "enum": _names,
        # Generators of clients would make one constant of `GMT+0` and `GMT-0`.
        "x-enum-varnames": [re.sub(r"\W", "_", name.replace("+", "_PLUS_")).upper() for name in _names],
        "examples": ["Europe/Moscow"],
    }
    answered = {"examples": ["Europe/Moscow"]}


class ReferralCodeField(TypedTextField):
    """An invite code or its share link, as it was typed: the rule that takes it reads it."""

    typed = {"pattern": referral_codes.TYPED_PATTERN}
    answered = {"pattern": referral_codes.PATTERN}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=referral_codes.MAX_TYPED, **kwargs)


class NewcomersReferralCodeField(ReferralCodeField):
    """One that only a first sign-in reads: at any other, every text is accepted."""

    typed = {}


class KeptReferralCodeField(TypedTextField):
    """An invite code that a person had elsewhere."""

    typed = {"pattern": referral_codes.KEPT_PATTERN}
    answered = {"pattern": referral_codes.PATTERN}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_TYPED, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if code := referral_codes.kept(super().to_internal_value(data)):
            return code
        message = _("An invite code has 1 to %(length)d Latin letters and digits.")
        raise serializers.ValidationError(message % {"length": referral_codes.MAX_LENGTH}, code="referral_code_invalid")


class AppHashField(TypedTextField):
    """One of ANDROID_APP_HASHES: a message that names another app could be read by a malicious one."""

    typed = {"pattern": f"^{sms_texts.APP_HASH.pattern}$", "example": "FA+9qCX9VSu"}

    def __init__(self) -> None:
        super().__init__(
            required=False, help_text="The hash of the Android app that reads the message (SMS Retriever)."
        )

    def to_internal_value(self, data: Any) -> str:
        app_hash = super().to_internal_value(data)
        if app_hash not in settings.ANDROID_APP_HASHES:
            raise serializers.ValidationError(_("This app is not one of this service."), code="app_unknown")
        return app_hash


class DeviceField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=DEVICE_MAX_LENGTH, validators=[validate_device], **kwargs)


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


class ReferredNumberField(serializers.CharField):
    def to_representation(self, value: str) -> Any:
        return shown_number(value)


class ReferredExternalIdField(serializers.CharField):
    def to_representation(self, value: str) -> Any:
        return shown_external_id(value)
