"""OpenAPI schema of the personal-data export, derived from its declaration in `users.people.personal_data`.

The export is streamed, so this serializer only documents it and serializes nothing.
"""

from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema_serializer, inline_serializer
from rest_framework import serializers
from rest_framework.utils.field_mapping import ClassLookupDict

from api import examples
from users.people.personal_data import LISTS, PROFILE, Part

_FIELD_CLASSES: Any = ClassLookupDict(serializers.ModelSerializer.serializer_field_mapping)


@extend_schema_serializer(examples=[examples.PERSONAL_DATA])
class PersonalDataSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {
            "exported_at": serializers.DateTimeField(),
            "profile": _serializer("profile", PROFILE),
            **{name: _serializer(name, part, many=True) for name, part in LISTS.items()},
        }


def _serializer(name: str, part: Part, **options: Any) -> serializers.Serializer[Any]:
    fields = {key: _field(part.model, column) for key, column in part.columns.items()}
    return inline_serializer(f"Exported{name.title().replace('_', '')}", fields, **options)


def _field(model: type[Model], column: str) -> serializers.Field[Any, Any, Any, Any]:
    """Return the serializer field of a column, nullable if the column or a relation on the way to it is."""
    *relations, name = column.split("__")
    is_nullable = False
    for relation in relations:
        link: Any = model._meta.get_field(relation)
        is_nullable |= link.null
        model = link.related_model
    field: Any = model._meta.get_field(name)
    field_class: type[serializers.Field[Any, Any, Any, Any]] = _FIELD_CLASSES[field]
    return field_class(allow_null=is_nullable or field.null)
