"""Whose programme it is: name, colour, logo, links, texts."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from common.brand import LOGO_TYPES, colours
from referral_project.settings.environment import BASE_DIR, DEBUG, env

# Empty: "Referral service", in the language of the reader. Messages begin with it if it is set.
SERVICE_NAME = env.str("SERVICE_NAME", default="").strip()
_LONGEST_NAME = 40
if len(SERVICE_NAME) > _LONGEST_NAME or not SERVICE_NAME.isprintable():
    raise ImproperlyConfigured(f"SERVICE_NAME has at most {_LONGEST_NAME} characters in one line.")

DEFAULT_BRAND_COLOR = "#0e5a44"
BRAND_COLOR = env.str("BRAND_COLOR", default="#0e5a44")
try:
    colours.parse(BRAND_COLOR)
except ValueError:
    raise ImproperlyConfigured(f"BRAND_COLOR is a colour such as #0e5a44, not {BRAND_COLOR!r}.") from None

# A file, from the folder of manage.py if its path is relative.
BRAND_LOGO = env.str("BRAND_LOGO", default="")
_LARGEST_LOGO_BYTES = 50_000
if BRAND_LOGO:
    _logo = BASE_DIR / BRAND_LOGO
    BRAND_LOGO = str(_logo)
    if _logo.suffix.lower() not in LOGO_TYPES:
        raise ImproperlyConfigured(f"BRAND_LOGO is a file that ends in {', '.join(LOGO_TYPES)}, not {BRAND_LOGO!r}.")
    if not _logo.is_file():
        raise ImproperlyConfigured(f"BRAND_LOGO: there is no file {BRAND_LOGO}.")
    if _logo.stat().st_size > _LARGEST_LOGO_BYTES:
        raise ImproperlyConfigured(f"BRAND_LOGO is larger than {_LARGEST_LOGO_BYTES:,} bytes: every page loads it.")


def _link(name: str, value: str) -> str:
    """Return a URL that a page may link to: https, http or mailto."""
    url = value.strip()
    parts = urlsplit(url)
    is_link = (
        bool(parts.netloc) if parts.scheme in {"https", "http"} else parts.scheme == "mailto" and "@" in parts.path
    )
    if url and not is_link:
        raise ImproperlyConfigured(f"{name} is a link that begins with https:// or mailto:, not {url!r}.")
    return url


SUPPORT_URL = _link("SUPPORT_URL", env.str("SUPPORT_URL", default=""))
TERMS_URL = _link("TERMS_URL", env.str("TERMS_URL", default=""))
PRIVACY_URL = _link("PRIVACY_URL", env.str("PRIVACY_URL", default=""))
# What one gets for inviting, in plain text.
WELCOME_TEXT_EN = env.str("WELCOME_TEXT_EN", default="")
WELCOME_TEXT_RU = env.str("WELCOME_TEXT_RU", default="")
# Swagger, ReDoc, Postman and the panel on the start page.
SHOW_DEVELOPER_LINKS = env.bool("SHOW_DEVELOPER_LINKS", default=DEBUG)
