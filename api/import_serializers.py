"""Serializers of the import."""

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from api import import_examples
from api.fields import TrueOrFalseField
from api.inputs import Input
from api.problems import FieldErrorSerializer
from users.people.import_rows import FIELDS, Refused
from users.people.importing import Outcome

MOST_ROWS = 1_000
#: Each row is checked by itself, so the schema leaves their types open: a wrong one is no error of the request.
_ROW = {
    "type": "object",
    "properties": {name: {"description": f"As `{name}` of a person."} for name in FIELDS}
    | {
        "registered_at": {"description": "When they registered elsewhere: ISO 8601, UTC without an offset."},
        "referral_code": {"description": "The invite code that they had elsewhere: 1 to 12 Latin letters and digits."},
    },
    "additionalProperties": True,
    "description": "`phone_number`, and any of the others; null or empty counts as absent.",
}


@extend_schema_field(_ROW)
class RowField(serializers.DictField):
    pass


@extend_schema_serializer(examples=[import_examples.IMPORT])
class ImportSerializer(Input):
    rows = serializers.ListField(child=RowField(), min_length=1, max_length=MOST_ROWS)
    dry_run = TrueOrFalseField(required=False, default=False, help_text="Only tell what would happen.")


class RefusedRowSerializer(serializers.Serializer[Refused]):
    index = serializers.IntegerField(source="number", help_text="The place of the row, from 0.")
    code = serializers.CharField(help_text="Why: stable, for programs.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=FieldErrorSerializer(many=True), help_text="The errors of each field."
    )
    saved = serializers.BooleanField(
        source="is_saved", help_text="True if the person was saved and only the invitation refused."
    )


@extend_schema_serializer(examples=[import_examples.OUTCOME])
class ImportOutcomeSerializer(serializers.Serializer[Outcome]):
    created = serializers.IntegerField(help_text="New people.")
    updated = serializers.IntegerField(help_text="Known people, changed.")
    unchanged = serializers.IntegerField(help_text="Known people, as they were.")
    refused = RefusedRowSerializer(many=True)
