"""The start page, the theme, the Postman files."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from common.http.redirects import safe_url
from web import theme

POSTMAN_FILES = ("referral.postman_collection.json", "local.postman_environment.json")


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    return render(request, "web/start.html")


@require_safe
def postman(_request: HttpRequest, file: str) -> FileResponse:
    if file not in POSTMAN_FILES:
        raise Http404
    return FileResponse((settings.BASE_DIR / "postman" / file).open("rb"), as_attachment=True)


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    answer = HttpResponseRedirect(safe_url(request.POST.get("next", "")) or "/")
    theme.remember(answer, request.POST.get("theme", ""))
    return answer
