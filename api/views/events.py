"""The feed of events, for services."""

from rest_framework import status
from rest_framework.response import Response

from api.event_serializers import FeedQuerySerializer, FeedSerializer
from api.requests import ServiceRequest
from api.schema import document
from api.views.service import ServiceAPIView
from users.events import feed
from users.models import Scope


class FeedView(ServiceAPIView):
    @document(
        operation_id="readEvents",
        tag="events",
        summary="What happened, oldest first",
        description="Begin without `after`, keep the `cursor` of each answer when its events are processed, and send "
        "it as `after` next time. The order is that of the commits; no event is left out and none is repeated. "
        "Events have no phone numbers, and are kept for `EVENTS_DAYS` (30) days.",
        parameters=[FeedQuerySerializer],
        answers={status.HTTP_200_OK: FeedSerializer},
        scope=Scope.EVENTS_READ,
        refusals=(feed.EventsPurged,),
    )
    def get(self, request: ServiceRequest) -> Response:
        serializer = FeedQuerySerializer(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        page = feed.read(after=asked.get("after"), types=asked.get("type", ()), limit=asked["page_size"])
        return Response(FeedSerializer(page).data)
