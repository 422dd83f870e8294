"""The REST API and its documentation."""

from datetime import date, timedelta

from django.core.exceptions import ImproperlyConfigured

from referral_project.settings.brand import SERVICE_NAME
from referral_project.settings.environment import BASE_DIR, DEBUG, env
from referral_project.settings.hosts import PUBLIC_URL

API_MAX_BODY_BYTES = env.int("API_MAX_BODY_BYTES", default=65_536)
# 1,000 rows of a kilobyte: with a long name in Cyrillic, written as \uXXXX, and a share link.
API_MAX_IMPORT_BODY_BYTES = env.int("API_MAX_IMPORT_BODY_BYTES", default=1_048_576)
TOKEN_LIFETIME_DAYS = env.int("TOKEN_LIFETIME_DAYS", default=30)
JWT_ACCESS_LIFETIME_MINUTES = env.int("JWT_ACCESS_LIFETIME_MINUTES", default=5)
JWT_REFRESH_LIFETIME_DAYS = env.int("JWT_REFRESH_LIFETIME_DAYS", default=30)
# Private keys: the first signs, all verify. In DEBUG one is made and kept in a file; elsewhere there must be one.
JWT_SIGNING_KEYS = env.list("JWT_SIGNING_KEYS", default=[])
JWT_DEVELOPMENT_KEY_FILE = BASE_DIR / "jwt_signing_key" if DEBUG else None
# Who may accept access tokens; PUBLIC_URL is the issuer.
JWT_AUDIENCE = env.str("JWT_AUDIENCE", default="") or PUBLIC_URL
# The last day (UTC) on which refresh tokens of the release that signed by SECRET_KEY are exchanged.
_until = env.str("JWT_FORMER_REFRESH_UNTIL", default="")
try:
    JWT_FORMER_REFRESH_UNTIL = date.fromisoformat(_until) if _until else None
except ValueError:
    raise ImproperlyConfigured(f"JWT_FORMER_REFRESH_UNTIL is a date such as 2027-01-31, not {_until!r}.") from None

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.TokenAuthentication",
        "api.authentication.JWTAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.negotiation.OneRepresentation",
    "DEFAULT_SCHEMA_CLASS": "api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "api.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Tokens are accepted for so long after their expiry, and before their time of issue: clocks of servers differ.
CLOCK_LEEWAY_SECONDS = 10
REST_KNOX = {"TOKEN_TTL": timedelta(days=TOKEN_LIFETIME_DAYS)}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=JWT_ACCESS_LIFETIME_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=JWT_REFRESH_LIFETIME_DAYS),
    "LEEWAY": CLOCK_LEEWAY_SECONDS,
    "USER_ID_FIELD": "public_id",
    "USER_ID_CLAIM": "sub",
}
# Of the API (https://semver.org): what `make lint` asks for after comparing it with the last release (docs/api.md).
API_VERSION = "1.1.0"
SPECTACULAR_SETTINGS = {
    "TITLE": SERVICE_NAME or "Referral service",
    "OAS_VERSION": "3.1.0",
    # In development Swagger calls the host that it was opened on.
    "SERVERS": [] if DEBUG else [{"url": PUBLIC_URL}],
    "VERSION": API_VERSION,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.event_schema.add_webhooks",
        "api.description.add_description",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "HealthStatusEnum": ["ok", "degraded", "unavailable"],
        "EventTypeEnum": "users.models.events.EventType.values",
    },
}
