"""Serializers of the public keys of JWTs (RFC 7517)."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api import examples


class JWKSerializer(serializers.Serializer[Any]):
    kty = serializers.CharField()
    crv = serializers.CharField()
    x = serializers.CharField()
    y = serializers.CharField()
    kid = serializers.CharField(help_text="The thumbprint of the key (RFC 7638).")
    use = serializers.CharField()
    alg = serializers.CharField()


@extend_schema_serializer(examples=[examples.JWKS])
class JWKSSerializer(serializers.Serializer[Any]):
    keys = JWKSerializer(many=True, help_text="That which signs, then those that only verify.")
