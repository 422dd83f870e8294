"""What all bodies and query strings of requests have in common."""

from collections.abc import Collection, Mapping
from copy import copy, deepcopy
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework import serializers


class Input(serializers.Serializer[Any]):
    """Rejects unknown fields, which DRF would ignore. An optional field that is null counts as absent."""

    #: Read-only fields of the answer; writing one is the error `read_only`.
    shown_only: ClassVar[Collection[str]] = ()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # DRF makes each field again for each request; a text field has no state that a copy could not share.
        return {
            name: copy(field) if isinstance(field, serializers.CharField) else deepcopy(field)
            for name, field in self._declared_fields.items()
        }

    def to_internal_value(self, data: Any) -> Any:
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            errors = {name: [self._refusal_of(name)] for name in data if name not in self.fields}
            # Clients with typed models write null for what they leave out.
            data = {name: value for name, value in data.items() if value is not None or not self._is_optional(name)}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as invalid:
            if not isinstance(invalid.detail, dict):
                raise
            errors = {**invalid.detail, **errors}
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def _is_optional(self, name: str) -> bool:
        return name in self.fields and (self.partial or not self.fields[name].required)

    def _refusal_of(self, name: str) -> serializers.ErrorDetail:
        if name in self.shown_only:
            return serializers.ErrorDetail(_("This can't be changed here."), code="read_only")
        return serializers.ErrorDetail(_("There is no such field."), code="unknown_field")
