"""How credentials, input and typed texts are described in the OpenAPI document."""

import re
from typing import Any, Literal

from drf_spectacular import openapi
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.plumbing import append_meta


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: openapi.AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "For people: the `token` of a login, sent as `Bearer <token>` or `Token <token>`.",
        }


class JWTScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.authentication.JWTAuthentication"
    name = "jwt"

    def get_security_definition(self, auto_schema: openapi.AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "For people too: the `access` token of a JWT pair, instead of the token of a login.",
        }


class ServiceKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.authentication.ServiceKeyAuthentication"
    name = "serviceKey"

    def get_security_definition(self, auto_schema: openapi.AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "For programs: the word `Key`, a space, and a service key. `make run` prints one.",
        }


class InputSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = "api.serializers.Input"
    match_subclasses = True

    def map_serializer(self, auto_schema: openapi.AutoSchema, direction: Literal["request", "response"]) -> Any:
        """Document that unknown fields are rejected, and that an optional one may be null.

        The docstring of the class is for developers.
        """
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]  # noqa: SLF001
        required = schema.get("required", ())
        properties = {name: _in_one(field) for name, field in schema["properties"].items()}
        fields = {
            name: field if name in required else append_meta(field, {"nullable": True})
            for name, field in properties.items()
        }
        return {**schema, "properties": fields, "description": "No other fields.", "additionalProperties": False}


_BLANK = {"type": "string", "maxLength": 0}


def _in_one(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a text that may be empty as one schema: drf-spectacular offers "" twice, which `oneOf` refuses."""
    text, *others = schema.get("oneOf", [{}])
    if others != [_BLANK] or not re.search(text.get("pattern", ""), ""):
        return schema
    return {**{name: part for name, part in schema.items() if name != "oneOf"}, **text}


class TypedTextSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.fields.TypedTextField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: openapi.AutoSchema, direction: str) -> dict[str, Any]:
        return {"type": "string", **(self.target.typed if direction == "request" else self.target.answered)}
