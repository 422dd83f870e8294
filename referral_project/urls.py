"""The addresses of the whole service."""

from django.contrib import admin
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path, re_path

from api.views.health import LiveView, ReadyView
from api.views.not_found import NotFoundView
from common.observability import metrics
from users.sms import metrics as users_metrics

metrics.on_scrape(users_metrics.collect)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("api.urls")),
    path("health/live/", LiveView.as_view(), name="live"),
    path("health/ready/", ReadyView.as_view(), name="ready"),
    # Programs are told what is wrong with an address, instead of being redirected.
    re_path(r"^(api|health)\b", NotFoundView.as_view()),
    path("", include("web.urls")),
    # Asked for by browsers that show no page of ours: a file, a document of the API.
    path("favicon.ico", lambda _request: redirect(static("web/icon.svg"))),
]

handler400 = "api.problems.bad_request"
handler404 = "api.problems.not_found"
handler500 = "api.problems.server_error"
