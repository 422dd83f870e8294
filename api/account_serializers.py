"""Serializers of the operations on one's own account."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api import account_examples as examples
from api.fields import AppHashField, ConfirmationCodeField, PhoneNumberField
from api.inputs import Input
from api.serializers import SentCodeSerializer
from users.models import UserSession
from users.models.sessions import DEVICE_MAX_LENGTH
from users.people import user_agents
from users.people.open_sessions import CurrentSession
from users.sign_in.sending import SentCode

#: Of a code for a person who is signed in: it is not redeemed by a link.
_ONLY_OF_SIGN_IN = ("verification_token", "verify_url")


@extend_schema_serializer(examples=[examples.NUMBER_CHANGE])
class NumberChangeSerializer(Input):
    phone_number = PhoneNumberField()
    app = AppHashField()


@extend_schema_serializer(examples=[examples.CODE_OF_ACCOUNT])
class CodeOfAccountSerializer(SentCodeSerializer):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: field for name, field in super().get_fields().items() if name not in _ONLY_OF_SIGN_IN}

    def to_representation(self, sent: SentCode) -> dict[str, Any]:
        told = super().to_representation(sent)
        return {name: value for name, value in told.items() if name not in _ONLY_OF_SIGN_IN}


@extend_schema_serializer(examples=[examples.CODE_ENTERED])
class CodeEnteredSerializer(Input):
    confirmation_code = ConfirmationCodeField()


@extend_schema_serializer(examples=[examples.NO_CODE_YET, examples.CODE_TO_CONFIRM])
class SessionConfirmationSerializer(Input):
    confirmation_code = ConfirmationCodeField(required=False, help_text="Left out, it is sent.")
    app = AppHashField()


@extend_schema_serializer(examples=[examples.CONFIRMED])
class ConfirmedSerializer(serializers.Serializer[Any]):
    confirmed_until = serializers.DateTimeField(help_text="Until when this session needs no other code, UTC.")


@extend_schema_serializer(examples=[examples.OPEN_SESSION])
class OpenSessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(UserSession.Kind.values)
    device = serializers.CharField(
        max_length=DEVICE_MAX_LENGTH, help_text="What the login called it, else the user agent in words."
    )
    created_at = serializers.DateTimeField(help_text="When it was opened, UTC.")
    last_used_on = serializers.DateField(help_text="The last day of use, UTC; of a JWT pair, of its renewal.")
    address_hint = serializers.CharField(help_text="A part of the client's address.")
    is_current = serializers.BooleanField(help_text="Whether the request came with this session.")

    def to_representation(self, session: UserSession) -> dict[str, Any]:
        current: CurrentSession | None = self.context.get("current")
        return {
            "id": session.pk,
            "kind": session.kind,
            "device": session.device or user_agents.in_words(session.user_agent),
            "created_at": session.created_at,
            "last_used_on": session.last_used_on,
            "address_hint": session.address_hint,
            "is_current": current is not None and current.credential == session.credential,
        }
