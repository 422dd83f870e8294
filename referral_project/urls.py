"""The root URLs."""

from django.contrib import admin
from django.shortcuts import redirect
from django.urls import include, path, re_path

from api.views.health import LiveView, ReadyView
from api.views.jwks import JWKSView
from api.views.not_found import NotFoundView
from common.brand import files as brand_files
from common.brand.facts import icon_url
from common.http import paths
from common.observability import metrics
from users.events import metrics as event_metrics
from users.sign_in import metrics as sign_in_metrics
from users.sms import heartbeat
from users.sms import metrics as sms_metrics

metrics.on_scrape(sms_metrics.collect)
metrics.on_scrape(sign_in_metrics.collect)
metrics.on_scrape(heartbeat.collect)
metrics.on_scrape(event_metrics.collect)

health = [
    path("live/", LiveView.as_view(), name="live"),
    path("ready/", ReadyView.as_view(), name="ready"),
]
urlpatterns = [
    path(paths.ADMIN.lstrip("/"), admin.site.urls),
    path(paths.API.lstrip("/"), include("api.urls")),
    path(paths.HEALTH.lstrip("/"), include(health)),
    path(paths.JWKS.lstrip("/"), JWKSView.as_view(), name="jwks"),
    # Programs get a 404 with an explanation instead of a redirect to the path with a slash.
    re_path(rf"^({paths.API.strip('/')}|{paths.HEALTH.strip('/')})\b", NotFoundView.as_view()),
    path("", include(brand_files)),
    path("", include("web.urls")),
    # Browsers request it when a response has no icon link: a file, a JSON document.
    path("favicon.ico", lambda _request: redirect(icon_url())),
]

handler400 = "referral_project.error_pages.bad_request"
handler404 = "referral_project.error_pages.not_found"
handler500 = "referral_project.error_pages.server_error"
