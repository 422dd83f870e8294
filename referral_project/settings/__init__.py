"""Settings by subject, all read from the environment; the defaults suit a developer's machine.

The README lists every variable with its default. Times are UTC, durations carry their unit in the name.
No module of the doors or the domain is imported here: they are named by dotted paths.
"""

from django.utils.translation import gettext_lazy as _

from common.observability import log_lines
from referral_project.settings.api import *
from referral_project.settings.brand import *
from referral_project.settings.databases import *
from referral_project.settings.environment import BASE_DIR, DEBUG, env
from referral_project.settings.environment import SECRET_KEY as SECRET_KEY
from referral_project.settings.environment import SECRET_KEY_FALLBACKS as SECRET_KEY_FALLBACKS
from referral_project.settings.events import *
from referral_project.settings.hosts import *
from referral_project.settings.hosts import CORS_ALLOWED_ORIGINS
from referral_project.settings.panel import *
from referral_project.settings.tasks import *
from referral_project.settings.users import *
from referral_project.settings.users import (
    CONFIRMATION_CODE_LENGTH,
    CONFIRMATION_CODE_LENGTH_LONGEST,
    CONFIRMATION_CODE_LENGTH_UNDER_ATTACK,
)

# Applications

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "panel.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "panel.apps.WrongPasswordsConfig",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "corsheaders",
    "phonenumber_field",
    "rest_framework",
    "django_filters",
    "knox",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "users.apps.UsersConfig",
    "api",
    "web",
    "panel.apps.PanelConfig",
]
MIDDLEWARE = [
    *(["referral_project.error_pages.DebugPages"] if DEBUG else []),
    "common.http.security_headers.SecurityHeaders",
    "common.observability.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # In DEBUG the development server serves static files.
    *([] if DEBUG else ["whitenoise.middleware.WhiteNoiseMiddleware"]),
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "web.middleware.Sessions",
    "common.http.languages.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "web.middleware.Authentication",
    "web.middleware.SessionUse",
    "web.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "panel.time_zones.OperatorTimeZone",
    "web.middleware.RefusalPages",
    "referral_project.error_pages.ProxyErrors",
    # Last, as django-axes requires: replaces the answer to a locked-out sign-in.
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "referral_project.urls"
WSGI_APPLICATION = "referral_project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "web.theme.context",
            ],
            "libraries": {"brand": "common.brand.tags"},
        },
    },
]
LOGIN_URL = "web:sign-in"

# Languages, time, static files

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "common.formats"
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "common.http.static_files.StaticFiles",
    },
}

# Logs, metrics

LOGGING = log_lines.configuration(
    debug=DEBUG,
    level=env.str("LOG_LEVEL", default="INFO"),
    code_lengths={CONFIRMATION_CODE_LENGTH, CONFIRMATION_CODE_LENGTH_UNDER_ATTACK, CONFIRMATION_CODE_LENGTH_LONGEST},
)
# Bearer token that /metrics requires outside DEBUG; empty: /metrics answers 404 there.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
