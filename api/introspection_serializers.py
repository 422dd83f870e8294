"""Serializers of token introspection (RFC 7662)."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api import service_examples
from api.fields import TextField
from api.inputs import Input


@extend_schema_serializer(examples=[service_examples.INTROSPECTION])
class TokenToInspectSerializer(Input):
    token = TextField(max_length=2_000, help_text="What a person sent as their credential.")
    token_type_hint = TextField(max_length=100, required=False, help_text="Ignored: the token itself says what it is.")


@extend_schema_serializer(examples=[service_examples.ACTIVE_TOKEN, service_examples.INACTIVE_TOKEN])
class IntrospectionSerializer(serializers.Serializer[Any]):
    active = serializers.BooleanField(help_text="Whether the token is valid now; if not, nothing else is told.")
    iss = serializers.CharField(required=False)
    aud = serializers.CharField(required=False, help_text="Of a JWT only.")
    sub = serializers.UUIDField(required=False, help_text="The `id` of the person.")
    sid = serializers.CharField(required=False, help_text="Of a JWT only: the session.")
    iat = serializers.IntegerField(required=False, help_text="When it was issued, in seconds since 1970 (UTC).")
    exp = serializers.IntegerField(required=False, help_text="When it expires, in seconds since 1970 (UTC).")
    token_type = serializers.CharField(required=False)
