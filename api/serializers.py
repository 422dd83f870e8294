"""Serializers: they shape data and validate its format; the rules are in `users`."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api import examples
from api.fields import (
    AppHashField,
    ConfirmationCodeField,
    DeviceField,
    NewcomersReferralCodeField,
    OwnField,
    PhoneNumberField,
    ReferralCodeField,
    ReferredExternalIdField,
    ReferredNumberField,
    TextField,
    own_fields,
)
from api.inputs import Input
from common.http import public_url
from users import referral_codes
from users.models import User
from users.referrals import newest
from users.referrals.share_link import share_link
from users.referrals.visibility import shown_number
from users.refusals import NumberWasHereBefore
from users.sign_in.sending import SentCode

NEWEST_REFERRALS = 100
INVITER_SEES_NUMBER = "Tell people before they send it: the owner of the code will see their phone number."
PUBLIC_ID = "Given once, for good. Sorts by the time of the registration (UUIDv7)."
EXTERNAL_ID = "The id that the host has given to this person."
MAY_BE_MASKED = "With REFERRALS_SHOW_NUMBERS=masked in the form +7 916 ***-**-67."
REFERRAL_REFUSAL = "Why `used_referral_code` was not activated at this first sign-in; null if nothing was refused."


# Sign-in


@extend_schema_serializer(examples=[examples.REGISTRATION])
class RegistrationSerializer(Input):
    phone_number = PhoneNumberField()
    username = OwnField("username", help_text="A name to show.")
    app = AppHashField()


@extend_schema_serializer(examples=[examples.SENT_CODE])
class SentCodeSerializer(serializers.Serializer[SentCode]):
    phone_number = PhoneNumberField(help_text="E.164.")
    code_length = serializers.IntegerField(
        help_text="How many digits the code has: more than usual while many wrong codes are entered everywhere."
    )
    expires_at = serializers.DateTimeField(help_text="Until when the code can be used, UTC.")
    resend_at = serializers.DateTimeField(help_text="When a new code can be asked for, UTC.")
    verification_token = serializers.UUIDField(help_text="The last part of the path of `verify_url`.")
    verify_url = serializers.URLField(help_text="Redeems the code without repeating the number.")
    confirmation_code = ConfirmationCodeField(
        required=False, help_text="Only while codes are exposed: in development, never in production."
    )

    def to_representation(self, sent: SentCode) -> dict[str, Any]:
        token = str(sent.record.verification_token)
        answer = {
            "phone_number": sent.record.number,
            "code_length": len(sent.confirmation_code),
            "expires_at": sent.record.expires_at,
            "resend_at": sent.record.resend_at,
            "verification_token": token,
            "verify_url": public_url.of_route("verify", token, example=str(UUID(int=0))),
        }
        if self.context["expose_code"]:
            answer["confirmation_code"] = sent.confirmation_code
        return answer


@extend_schema_serializer(examples=[examples.VERIFICATION])
class VerificationSerializer(Input):
    confirmation_code = ConfirmationCodeField()
    username = OwnField("username", help_text="A name to show.")
    device = DeviceField(required=False, allow_blank=True, help_text="What the list of sessions calls this device.")
    used_referral_code = NewcomersReferralCodeField(
        required=False,
        allow_blank=True,
        help_text="The invite code of the person one came with, or its link, in any notation. "
        "Activated if this is the first sign-in, else ignored. "
        f"{INVITER_SEES_NUMBER}",
    )


@extend_schema_serializer(examples=[examples.LOGIN])
class LoginSerializer(VerificationSerializer):
    phone_number = PhoneNumberField()


# Profiles


@extend_schema_serializer(examples=[examples.PROFILE])
class ProfileSerializer(serializers.Serializer[User]):
    id = serializers.UUIDField(help_text=PUBLIC_ID)
    external_id = serializers.CharField(allow_null=True, help_text=EXTERNAL_ID)
    phone_number = PhoneNumberField(help_text="E.164.")
    referral_code = serializers.CharField(help_text="My invite code: given once, for good.")
    referral_link = serializers.URLField(help_text="Whoever signs up through this link has come with me.")
    used_referral_code = serializers.RegexField(
        referral_codes.PATTERN, allow_null=True, help_text="The code that I entered."
    )
    can_activate_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when I can enter a code, UTC; null when there is no limit."
    )
    referrals_count = serializers.IntegerField(help_text="How many people entered my code, erased ones included.")
    referrals = serializers.ListField(
        child=serializers.CharField(),
        help_text=f"The newest {NEWEST_REFERRALS} of their phone numbers, newest first. {MAY_BE_MASKED}",
    )
    registered_at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        first = {name: fields.pop(name) for name in ("id", "external_id", "phone_number")}
        return {**first, **{name: serializers.CharField() for name in User.OWN_FIELDS}, **fields}

    def to_representation(self, user: User) -> dict[str, Any]:
        return {
            "id": user.public_id,
            "external_id": user.external_id,
            "phone_number": user.phone_number,
            **{name: getattr(user, name) for name in User.OWN_FIELDS},
            "referral_code": user.referral_code,
            "referral_link": share_link(referral_code=user.referral_code),
            "used_referral_code": user.used_referral_code,
            "can_activate_until": user.activation_deadline,
            "referrals_count": user.referrals_count,
            "referrals": [shown_number(each) for each in newest.phone_numbers(user, limit=NEWEST_REFERRALS)],
            "registered_at": user.registered_at,
        }


@extend_schema_serializer(examples=[examples.PROFILE_CHANGE])
class ProfileChangeSerializer(Input):
    shown_only = tuple(ProfileSerializer().fields)

    used_referral_code = ReferralCodeField(
        required=False,
        help_text="Another person's invite code or its link, in any notation, once in a lifetime. "
        + INVITER_SEES_NUMBER,
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**own_fields(), **super().get_fields()}


@extend_schema_serializer(examples=[examples.REFERRAL])
class ReferralSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(
        source="public_id", allow_null=True, help_text="Of the person; null when they have been erased."
    )
    external_id = ReferredExternalIdField(
        allow_null=True, help_text=f"{EXTERNAL_ID} Null with REFERRALS_SHOW_NUMBERS=masked."
    )
    phone_number = ReferredNumberField(
        allow_null=True, help_text=f"E.164; null when that person has been erased. {MAY_BE_MASKED}"
    )
    activated_at = serializers.DateTimeField()


@extend_schema_serializer(examples=[examples.REFERRAL_CODE])
class ReferralCodeSerializer(serializers.Serializer[Any]):
    referral_code = serializers.RegexField(referral_codes.PATTERN)


# Sessions


@extend_schema_serializer(examples=[examples.SESSION])
class SessionSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="For `Authorization: Token …`. Shown here only: it is stored hashed.")
    expires_at = serializers.DateTimeField()
    is_new_user = serializers.BooleanField(help_text="Whether this was the first sign-in.")
    referral_refusal = serializers.ChoiceField([NumberWasHereBefore.code], allow_null=True, help_text=REFERRAL_REFUSAL)
    profile = ProfileSerializer()


@extend_schema_serializer(examples=[examples.JWT_PAIR])
class JWTPairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="For `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="For a new pair, once.")


@extend_schema_serializer(examples=[examples.JWT_SESSION])
class JWTSessionSerializer(JWTPairSerializer):
    is_new_user = serializers.BooleanField(help_text="Whether this was the first sign-in.")
    referral_refusal = serializers.ChoiceField([NumberWasHereBefore.code], allow_null=True, help_text=REFERRAL_REFUSAL)
    profile = ProfileSerializer()


@extend_schema_serializer(examples=[examples.JWT_REFRESH])
class JWTRefreshSerializer(Input):
    refresh = TextField(max_length=2_000)


# Operations


@extend_schema_serializer(examples=[examples.HEALTHY, examples.DEGRADED, examples.UNHEALTHY])
class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok", "degraded", "unavailable"])
    checks = serializers.DictField(child=serializers.CharField(), required=False)
