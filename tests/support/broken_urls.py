"""A URL configuration with a view that raises an exception whose message holds secrets."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def failing_view(_request: HttpRequest) -> HttpResponse:
    token = "ff804f58710da9a24648b944e51f2d4985e7885a78bd0b8416430ab7026b15a0"
    raise RuntimeError(
        f"duplicate key\nDETAIL:  Key (phone_number)=(+79161234567) already exists. Code 4711, token {token}"
    )


urlpatterns = [path("api/defect/", failing_view)]
handler500 = "referral_project.error_pages.server_error"
