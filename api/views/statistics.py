"""Statistics, for services."""

from rest_framework import status
from rest_framework.response import Response

from api.requests import ServiceRequest
from api.schema import document
from api.statistics_serializers import StatisticsQuerySerializer, StatisticsSerializer
from api.views.service import ServiceAPIView
from users import audit, refusals
from users.models import Scope
from users.statistics import report


class StatisticsView(ServiceAPIView):
    @document(
        operation_id="getStatistics",
        tag="statistics",
        summary="Registrations, sign-ins and activations by day, week or month",
        description="Of the last thirty days unless told. Exact up to this moment; erased people still count. "
        "The rates compare what happened in the period, not the fate of each person.",
        parameters=[StatisticsQuerySerializer],
        answers={status.HTTP_200_OK: StatisticsSerializer},
        scope=Scope.STATISTICS_READ,
        refusals=(refusals.TimeZoneUnknown, refusals.PeriodInvalid, refusals.PeriodTooLong),
    )
    def get(self, request: ServiceRequest) -> Response:
        serializer = StatisticsQuerySerializer(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        counted = report.count(period=report.period(**serializer.validated_data))
        audit.record(
            by=request,
            action=audit.Action.LISTED,
            about="statistics",
            details={"ids": [referrer.user.pk for referrer in counted.top_referrers]},
        )
        return Response(StatisticsSerializer(counted).data)
