"""Statistics, for staff."""

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.permissions import ManagesUsers
from api.schema import document
from api.statistics_serializers import StatisticsQuerySerializer, StatisticsSerializer
from users import refusals
from users.statistics import report


class StatisticsView(APIView):
    permission_classes = (ManagesUsers,)

    @document(
        operation_id="getStatistics",
        tag="statistics",
        summary="Registrations, sign-ins and activations by day, week or month",
        description="Of the last thirty days unless told. Exact up to this moment; erased people still count. "
        "The rates compare what happened in the period, not the fate of each person.",
        parameters=[StatisticsQuerySerializer],
        answers={status.HTTP_200_OK: StatisticsSerializer},
        refusals=(refusals.TimeZoneUnknown, refusals.PeriodInvalid, refusals.PeriodTooLong),
    )
    def get(self, request: Request) -> Response:
        serializer = StatisticsQuerySerializer(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        counted = report.count(period=report.period(**serializer.validated_data))
        return Response(StatisticsSerializer(counted).data)
