"""Files made from the settings: style sheets with the brand's colours, the logo."""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from common.brand import LOGO_TYPES, OWN_ICON, palette
from common.brand.colours import parse

_SHEETS = {"pages-light": palette.pages_light, "pages-dark": palette.pages_dark, "panel": palette.panel}
_YEAR_SECONDS = 365 * 24 * 60 * 60


@cache_control(public=True, max_age=_YEAR_SECONDS, immutable=True)
@require_safe
def colours(_request: HttpRequest, sheet: str) -> HttpResponse:
    if sheet not in _SHEETS:
        raise Http404
    return HttpResponse(_SHEETS[sheet](parse(settings.BRAND_COLOR)), content_type="text/css; charset=utf-8")


@cache_control(public=True, max_age=_YEAR_SECONDS, immutable=True)
@require_safe
def logo(_request: HttpRequest) -> HttpResponse:
    if not settings.BRAND_LOGO:
        raise Http404
    file = Path(settings.BRAND_LOGO)
    # An SVG opened as a page must run no script.
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return HttpResponse(file.read_bytes(), content_type=LOGO_TYPES[file.suffix.lower()], headers=headers)


@cache_control(public=True, max_age=_YEAR_SECONDS, immutable=True)
@require_safe
def icon(_request: HttpRequest) -> HttpResponse:
    """Answer with the project's icon in the brand's colour."""
    file = finders.find(OWN_ICON)
    drawn = Path(str(file)).read_text()
    text = palette.text_on_ticket(parse(settings.BRAND_COLOR))
    for own, new in ((settings.DEFAULT_BRAND_COLOR, settings.BRAND_COLOR), (palette.CREAM, text)):
        drawn = drawn.replace(f'"{own}"', f'"{new}"')
    return HttpResponse(drawn, content_type="image/svg+xml")


urlpatterns = [
    path("brand/icon.svg", icon, name="brand-icon"),
    path("brand/logo", logo, name="brand-logo"),
    path("brand/<str:sheet>.css", colours, name="brand-colours"),
]
