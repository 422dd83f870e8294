"""What the operator says about the programme (BRAND_COLOR, SERVICE_NAME and the like), in the current language."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext

from common.brand import LOGO_TYPES, OWN_ICON


@dataclass(frozen=True)
class Brand:
    """For templates; "" means that the operator set nothing."""

    name: str
    #: What one gets for inviting, in one or two sentences.
    welcome_text: str
    support_url: str
    terms_url: str
    privacy_url: str
    #: URL of the operator's logo, "" without one.
    logo_url: str
    icon_url: str
    icon_type: str
    #: URLs of the style sheets of the pages; "" while BRAND_COLOR is the default, which theme.css has.
    light_url: str
    dark_url: str
    shows_developer_links: bool


def brand() -> Brand:
    own_colours = settings.BRAND_COLOR != settings.DEFAULT_BRAND_COLOR
    return Brand(
        name=service_name(),
        welcome_text=welcome_text(),
        support_url=settings.SUPPORT_URL,
        terms_url=settings.TERMS_URL,
        privacy_url=settings.PRIVACY_URL,
        logo_url=logo_url(),
        icon_url=icon_url(),
        icon_type=LOGO_TYPES[Path(settings.BRAND_LOGO or OWN_ICON).suffix.lower()],
        light_url=colours_url("pages-light") if own_colours else "",
        dark_url=colours_url("pages-dark") if own_colours else "",
        shows_developer_links=settings.SHOW_DEVELOPER_LINKS,
    )


def service_name() -> str:
    return settings.SERVICE_NAME or gettext("Referral service")


def with_sender(text: str) -> str:
    """Return a message that begins with the name of the programme, if it has one."""
    return f"{settings.SERVICE_NAME}: {text}" if settings.SERVICE_NAME else text


def logo_url() -> str:
    return _versioned(reverse("brand-logo"), _digest_of(settings.BRAND_LOGO)) if settings.BRAND_LOGO else ""


def icon_url() -> str:
    """Return the URL of the logo, or of the project's own icon in the brand's colour."""
    if settings.BRAND_COLOR == settings.DEFAULT_BRAND_COLOR:
        return logo_url() or static(OWN_ICON)
    return logo_url() or _versioned(reverse("brand-icon"), _color_version())


def colours_url(sheet: str) -> str:
    """Return the URL of a style sheet of `common.brand.files`; it changes with the colour, so that it can be cached."""
    return _versioned(reverse("brand-colours", args=[sheet]), _color_version())


def _color_version() -> str:
    return str(settings.BRAND_COLOR.removeprefix("#").lower())


def welcome_text() -> str:
    """Return the text in the current language; if only the other one is set, that."""
    texts = {"en": settings.WELCOME_TEXT_EN, "ru": settings.WELCOME_TEXT_RU}
    return texts.get(get_language() or "", "") or next(filter(None, texts.values()), "")


def _versioned(url: str, version: str) -> str:
    return f"{url}?{urlencode({'v': version})}"


@lru_cache
def _digest_of(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
