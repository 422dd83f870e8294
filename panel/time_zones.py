"""Times of the panel in the time zone of the operator's browser."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from common.http import paths
from common.time_zones import zone_names

#: Written by panel.js: a name of the IANA database.
COOKIE = "time_zone"


class OperatorTimeZone:
    """Activates the time zone for the panel; STATISTICS_TIME_ZONE until the browser has told its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(paths.ADMIN):
            return self.get_response(request)
        with timezone.override(zone_of(request)):
            return self.get_response(request)


def zone_of(request: HttpRequest) -> ZoneInfo:
    told = request.COOKIES.get(COOKIE, "")
    return ZoneInfo(told if told in zone_names() else settings.STATISTICS_TIME_ZONE)
