"""Columns that several models have."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import gettext_lazy as _
from phonenumber_field import modelfields

from common.database import lookups  # noqa: F401  registers `__prefix`
from users import phones, referral_codes
from users.phones import PhoneNumber
from users.refusals import PhoneNumberInvalid
from users.search_names import search_name
from users.validators import EXTERNAL_ID_MAX_LENGTH, USERNAME_MAX_LENGTH, validate_external_id


class PhoneNumberField(modelfields.PhoneNumberField):  # type: ignore[misc]
    """An E.164 number, loaded as `PhoneNumber`: it was validated before it was saved, and is not parsed at load."""

    descriptor_class = DeferredAttribute

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"verbose_name": _("phone number"), "max_length": phones.MAX_LENGTH, **options})

    def to_python(self, value: Any) -> Any:
        """Return the E.164 form of a typed number, as `createsuperuser` needs it. Raises `ValidationError`."""
        try:
            return phones.normalize(value) if value else value
        except PhoneNumberInvalid as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def from_db_value(self, value: str | None, *_: Any) -> PhoneNumber | None:
        return None if value is None else PhoneNumber(value)

    def deconstruct(self) -> Any:
        """Name the library's field in migrations: the column is the same."""
        name, _, args, kwargs = super().deconstruct()
        return name, "phonenumber_field.modelfields.PhoneNumberField", args, kwargs


class SearchNameField(models.CharField):  # type: ignore[type-arg]
    """The `search_name` of `username`, computed when a row is saved. NULL: the row was saved by an older release."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": USERNAME_MAX_LENGTH, "null": True, "editable": False, **options})

    def pre_save(self, model_instance: Any, add: bool) -> str:
        name = search_name(model_instance.username)
        setattr(model_instance, self.attname, name)
        return name

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


def username_field(**options: Any) -> "models.CharField[str, str]":
    return models.CharField(_("name"), max_length=USERNAME_MAX_LENGTH, blank=True, **options)


def referral_code_field(**options: Any) -> "models.CharField[str, str]":
    return models.CharField(_("invite code"), max_length=referral_codes.MAX_LENGTH, **options)


def external_id_field(**options: Any) -> "models.CharField[str | None, str | None]":
    return models.CharField(
        _("external id"), max_length=EXTERNAL_ID_MAX_LENGTH, blank=True, validators=[validate_external_id], **options
    )
