"""How columns of the database look to Python."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.query_utils import DeferredAttribute
from phonenumber_field import modelfields

from users import phones
from users.phones import PhoneNumber
from users.refusals import PhoneNumberInvalid


class PhoneNumberField(modelfields.PhoneNumberField):  # type: ignore[misc]
    """A `PhoneNumber`: what the database holds was read when it came in, and is not parsed again at every load."""

    descriptor_class = DeferredAttribute

    def to_python(self, value: Any) -> Any:
        """Read what is typed, as for `createsuperuser`. Raises `ValidationError`."""
        try:
            return phones.normalize(value) if value else value
        except PhoneNumberInvalid as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def from_db_value(self, value: str | None, *_: Any) -> PhoneNumber | None:
        return None if value is None else PhoneNumber(value)

    def deconstruct(self) -> Any:
        """Tell migrations what the column is: how Python reads it makes no difference to it."""
        name, _, args, kwargs = super().deconstruct()
        return name, "phonenumber_field.modelfields.PhoneNumberField", args, kwargs
