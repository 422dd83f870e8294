"""The form of what `users.personal_data` writes: for the documentation, since nobody holds a million rows in memory."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api import examples
from api.serializers import ReferralSerializer


class ExportedProfileSerializer(serializers.Serializer[Any]):
    phone_number = serializers.CharField()
    username = serializers.CharField()
    referral_code = serializers.CharField()
    used_referral_code = serializers.CharField(allow_null=True)
    activated_at = serializers.DateTimeField(allow_null=True)
    referrals_count = serializers.IntegerField()
    registered_at = serializers.DateTimeField()
    last_login = serializers.DateTimeField(allow_null=True)
    is_active = serializers.BooleanField()
    is_staff = serializers.BooleanField()


class ExportedSessionSerializer(serializers.Serializer[Any]):
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ExportedAttemptSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    succeeded = serializers.BooleanField()


class ExportedPasswordSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()


class ExportedCodeSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    issued_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    used_at = serializers.DateTimeField(allow_null=True)
    wrong_tries = serializers.IntegerField()


class ExportedMessageSerializer(serializers.Serializer[Any]):
    created_at = serializers.DateTimeField()
    state = serializers.CharField()
    channel = serializers.CharField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ExportedActionSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    action = serializers.CharField()


@extend_schema_serializer(examples=[examples.PERSONAL_DATA])
class PersonalDataSerializer(serializers.Serializer[Any]):
    exported_at = serializers.DateTimeField()
    profile = ExportedProfileSerializer()
    referrals = ReferralSerializer(many=True)
    sessions = ExportedSessionSerializer(many=True)
    sign_in_attempts = ExportedAttemptSerializer(many=True)
    wrong_passwords = ExportedPasswordSerializer(many=True)
    confirmation_codes = ExportedCodeSerializer(many=True)
    messages = ExportedMessageSerializer(many=True)
    actions_of_staff = ExportedActionSerializer(many=True)
