"""How columns of the database look to Python."""

from typing import Any

from django.db.models.query_utils import DeferredAttribute
from phonenumber_field import modelfields

from users.phones import PhoneNumber


class PhoneNumberField(modelfields.PhoneNumberField):  # type: ignore[misc]
    """A `PhoneNumber`: what the database holds was read when it came in, and is not parsed again at every load."""

    descriptor_class = DeferredAttribute

    def to_python(self, value: Any) -> str | None:
        """Leave what comes in as it is: to read it is for `phones.normalize` alone."""
        return value if value is None or isinstance(value, str) else str(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def from_db_value(self, value: str | None, *_: Any) -> PhoneNumber | None:
        return None if value is None else PhoneNumber(value)

    def deconstruct(self) -> Any:
        """Tell migrations what the column is: how Python reads it makes no difference to it."""
        name, _, args, kwargs = super().deconstruct()
        return name, "phonenumber_field.modelfields.PhoneNumberField", args, kwargs
