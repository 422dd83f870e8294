"""Serializers of the operations for services."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api import service_examples
from api.fields import (
    ExternalIdField,
    KeptReferralCodeField,
    PhoneNumberField,
    ReferralCodeField,
    TrueOrFalseField,
    own_fields,
)
from api.inputs import Input
from api.serializers import EXTERNAL_ID, INVITER_SEES_NUMBER, NEWEST_REFERRALS, PUBLIC_ID
from users.models import Scope, ServiceKey, User
from users.referrals import newest


@extend_schema_serializer(examples=[service_examples.SERVICE])
class ServiceSerializer(serializers.Serializer[ServiceKey]):
    name = serializers.CharField(source="account.name", help_text="The account.")
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.values), source="account.scopes")
    key_prefix = serializers.CharField(source="prefix", help_text="The beginning of the key that was sent.")
    expires_at = serializers.DateTimeField(help_text="When this key ends, UTC.")


@extend_schema_serializer(examples=[service_examples.USER])
class UserSerializer(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(source="public_id", help_text=PUBLIC_ID, read_only=True)
    phone_number = PhoneNumberField(help_text="E.164.", read_only=True)
    used_referral_code = serializers.CharField(allow_null=True, read_only=True)

    class Meta:
        model = User
        fields: tuple[str, ...] = (
            "id",
            "external_id",
            "phone_number",
            *User.OWN_FIELDS,
            "referral_code",
            "used_referral_code",
            "referrals_count",
            "is_active",
            "is_staff",
            "registered_at",
            "updated_at",
            "last_login",
        )
        read_only_fields = fields


@extend_schema_serializer(examples=[service_examples.USER_DETAIL])
class UserDetailSerializer(UserSerializer):
    referrals = serializers.SerializerMethodField(help_text=f"The newest {NEWEST_REFERRALS} phone numbers.")

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "referrals")

    def get_referrals(self, user: User) -> list[str]:
        return newest.phone_numbers(user, limit=NEWEST_REFERRALS)


@extend_schema_serializer(examples=[service_examples.USER_CHANGE])
class UserChangeSerializer(Input):
    shown_only = UserDetailSerializer.Meta.fields

    phone_number = PhoneNumberField()
    external_id = ExternalIdField(required=False, help_text=f"{EXTERNAL_ID} No other person has the same.")
    is_active = TrueOrFalseField(required=False, help_text="Someone who is not active can't sign in.")
    used_referral_code = ReferralCodeField(
        required=False,
        help_text="Another person's invite code or its link, in any notation, once in a lifetime, by the usual rules. "
        + INVITER_SEES_NUMBER,
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        return {"phone_number": fields.pop("phone_number"), **own_fields(), **fields}


@extend_schema_serializer(examples=[service_examples.USER_CREATION])
class UserCreationSerializer(UserChangeSerializer):
    referral_code = KeptReferralCodeField(
        required=False,
        help_text="An invite code that this person had elsewhere, kept if nobody has it: 1 to 12 Latin letters and "
        "digits; case and separators do not matter. Without it a new one is drawn.",
    )
