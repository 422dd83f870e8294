"""Serializers of the statistics."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api import service_examples
from api.fields import PhoneNumberField, TimeZoneField
from users.statistics.report import Referrer, Statistics, Step, StepCounts
from users.statistics.totals import COUNTED


class StatisticsQuerySerializer(serializers.Serializer[Any]):
    """`from` and `to` are whole days, both included."""

    to = serializers.DateField(source="last", required=False, help_text="The last day, included; today by default.")
    step = serializers.ChoiceField(
        [step.value for step in Step], required=False, help_text="Weeks begin on Monday. `day` by default."
    )
    time_zone = TimeZoneField(
        max_length=64,
        required=False,
        help_text="Where a day begins and ends: a name of the IANA database such as `Europe/Moscow`.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which is a keyword in Python."""
        first = serializers.DateField(
            source="first", required=False, help_text="The first day; 29 days before the last by default."
        )
        return {"from": first, **super().get_fields()}


class CountsSerializer(serializers.Serializer[Any]):
    registrations = serializers.IntegerField(help_text="People saved, erased ones included.")
    sign_ins = serializers.IntegerField(help_text="Successful ones.")
    activations = serializers.IntegerField(help_text="Invite codes activated.")
    codes_sent = serializers.IntegerField(help_text="Confirmation codes that were asked for.")
    codes_delivered = serializers.IntegerField(help_text="Of these, taken by a gateway.")
    codes_failed = serializers.IntegerField(help_text="Of these, given up.")


class StepCountsSerializer(CountsSerializer):
    first_day = serializers.DateField(source="first")
    last_day = serializers.DateField(source="last", help_text="Included.")

    def to_representation(self, step: StepCounts) -> dict[str, Any]:
        counts = {name: getattr(step.counts, name) for name in COUNTED}
        return {"first_day": step.first.isoformat(), "last_day": step.last.isoformat(), **counts}


class ReferrerSerializer(serializers.Serializer[Referrer]):
    id = serializers.UUIDField(source="user.public_id")
    phone_number = PhoneNumberField(source="user.get_username", help_text="E.164.")
    username = serializers.CharField(source="user.username")
    referral_code = serializers.CharField(source="user.referral_code")
    activations = serializers.IntegerField(help_text="In this period.")


@extend_schema_serializer(examples=[service_examples.STATISTICS])
class StatisticsSerializer(serializers.Serializer[Statistics]):
    to = serializers.DateField(source="period.last")
    step = serializers.ChoiceField([step.value for step in Step], source="period.step.value")
    time_zone = serializers.CharField(source="period.time_zone.key")
    totals = CountsSerializer(help_text="Of the whole period.")
    delivery_rate = serializers.FloatField(
        allow_null=True, help_text="Codes delivered, of those delivered or given up: 0.98 for 98 %; null of none."
    )
    sign_in_rate = serializers.FloatField(allow_null=True, help_text="Sign-ins for each code sent.")
    activation_rate = serializers.FloatField(allow_null=True, help_text="Activations for each registration.")
    steps = StepCountsSerializer(many=True, help_text="Every day, week or month, those without events included.")
    all_time = CountsSerializer(help_text="Ever, up to this moment.")
    top_referrers = ReferrerSerializer(many=True, help_text="With whose codes most people came in this period.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which is a keyword in Python."""
        return {"from": serializers.DateField(source="period.first"), **super().get_fields()}
