"""Settings, all from the environment; without any, a newcomer's laptop is assumed.

The README lists every variable with its default. Times are UTC, durations carry their unit in the name.
"""

from datetime import timedelta
from pathlib import Path

import environ
from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _
from phonenumbers import country_code_for_region

from api.description import DESCRIPTION, TAGS
from common.observability import log_lines, request_id
from panel import menu

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)
# Outside DEBUG there is no default: an unset key must stop the service rather than be guessable.
SECRET_KEY = env.str("SECRET_KEY", default="django-insecure-only-for-a-laptop") if DEBUG else env.str("SECRET_KEY")

# Hosts and HTTPS

ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else []), "localhost", "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_EXPOSE_HEADERS = [request_id.HEADER, "Retry-After"]
# How many proxies stand in front, each adding the address it speaks for to X-Forwarded-For.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
HTTPS = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# Nginx, the only way in, sets this header itself and drops the client's.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Probes reach the container directly, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
X_FRAME_OPTIONS = "DENY"
# A name that starts so is a promise that browsers enforce: over TLS only, from this very host, for all of it.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = ("__Host-session", "__Host-csrf") if HTTPS else ("session", "csrf")
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

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
    "axes",
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
    "common.http.security_headers.SecurityHeaders",
    "common.observability.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # In DEBUG the development server finds static files by itself.
    *([] if DEBUG else ["whitenoise.middleware.WhiteNoiseMiddleware"]),
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "web.middleware.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "web.middleware.Authentication",
    "web.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "web.middleware.RefusalPages",
    # Last: turns the answer to a guess too many into the page that says so.
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
        },
    },
]

# Database, cache, broker

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
DATABASE_CONNECT_TIMEOUT_SECONDS = env.float("DATABASE_CONNECT_TIMEOUT_SECONDS", default=2.0)
# Below the 30 s for which nginx waits for an answer; 0: no limit.
DATABASE_STATEMENT_TIMEOUT_SECONDS = env.int("DATABASE_STATEMENT_TIMEOUT_SECONDS", default=20)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers never wait in WAL mode; an immediate transaction waits for its turn instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        **DATABASES["default"].get("OPTIONS", {}),
    }
else:
    DATABASES["default"] |= {
        "ENGINE": "common.database.postgresql",
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE_SECONDS", default=60),
        "CONN_HEALTH_CHECKS": True,
    }
    if env.bool("DATABASE_POOLED_BY_PGBOUNCER", default=False):
        # Nothing may outlast a transaction: neither a cursor nor a time-out, which infra/pgbouncer.ini sets instead.
        DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
    elif DATABASE_STATEMENT_TIMEOUT_SECONDS:
        # The server, too, stops what nobody waits for any more, and lets go of the locks of a client that vanished.
        limit = f"-c statement_timeout={DATABASE_STATEMENT_TIMEOUT_SECONDS}s"
        limit += f" -c idle_in_transaction_session_timeout={DATABASE_STATEMENT_TIMEOUT_SECONDS}s"
        DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", limit)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
# Without a broker a task runs where it is called.
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redis hands a task out again that has not been acknowledged for so long: that of a worker which was killed must come
# back within the life of its code. That one which is only slow comes back too does no harm: see users/deliveries.py.
BROKER_VISIBILITY_TIMEOUT_SECONDS = env.int("BROKER_VISIBILITY_TIMEOUT_SECONDS", default=60)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
    "visibility_timeout": BROKER_VISIBILITY_TIMEOUT_SECONDS,
    # How often a worker looks for them; every 100 seconds otherwise.
    "unacked_restore_interval": BROKER_VISIBILITY_TIMEOUT_SECONDS / 10,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 30,
}
# A request would rather answer 503 soon than wait for a broker that is gone.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}

CELERY_BEAT_SCHEDULE = {
    # Sooner than messages count as lost (users/deliveries.py), and not at all while tasks wait for longer than that.
    "messages": {"task": "users.tasks.dispatch_lost", "schedule": timedelta(seconds=5), "options": {"expires": 2}},
    # What was due while no worker was there, is due again soon enough.
    "purge": {"task": "users.tasks.purge", "schedule": crontab(minute="17"), "options": {"expires": 1_800}},
    "statistics": {
        "task": "users.tasks.roll_up_statistics",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240},
    },
}

# People and sign-in

AUTH_USER_MODEL = "users.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PHONENUMBER_DEFAULT_REGION = env.str("PHONENUMBER_DEFAULT_REGION", default="RU")
PHONENUMBER_DB_FORMAT = PHONENUMBER_DEFAULT_FORMAT = "E164"

CONFIRMATION_CODE_LENGTH = env.int("CONFIRMATION_CODE_LENGTH", default=4)
CONFIRMATION_CODE_LIFETIME_SECONDS = env.int("CONFIRMATION_CODE_LIFETIME_SECONDS", default=300)
CONFIRMATION_CODE_RESEND_SECONDS = env.int("CONFIRMATION_CODE_RESEND_SECONDS", default=60)
CONFIRMATION_CODE_MAX_WRONG_TRIES = env.int("CONFIRMATION_CODE_MAX_WRONG_TRIES", default=5)
CONFIRMATION_CODE_EXPOSED = env.bool("CONFIRMATION_CODE_EXPOSED", default=DEBUG)

# Limits: "5/hour 10/day" lets 5 through in an hour and 10 in a day; nothing: no limit. A month is 30 days.

LIMIT_CODES_PER_NUMBER_AND_ADDRESS = env.str("LIMIT_CODES_PER_NUMBER_AND_ADDRESS", default="3/hour 6/day")
LIMIT_CODES_PER_NUMBER = env.str("LIMIT_CODES_PER_NUMBER", default="5/hour 10/day")
LIMIT_CODES_PER_ADDRESS = env.str("LIMIT_CODES_PER_ADDRESS", default="30/hour 100/day")
LIMIT_CODES_PER_COUNTRY = env.str("LIMIT_CODES_PER_COUNTRY", default="1000/hour 5000/day")
LIMIT_CODES = env.str("LIMIT_CODES", default="2000/hour 10000/day")
LIMIT_FAILED_SIGN_INS_PER_ADDRESS = env.str("LIMIT_FAILED_SIGN_INS_PER_ADDRESS", default="30/hour 100/day")
LIMIT_WRONG_TRIES_PER_NUMBER_AND_ADDRESS = env.str(
    "LIMIT_WRONG_TRIES_PER_NUMBER_AND_ADDRESS", default="10/day 30/month"
)
LIMIT_WRONG_TRIES_PER_NUMBER = env.str("LIMIT_WRONG_TRIES_PER_NUMBER", default="15/day 40/month")
LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS = env.str("LIMIT_REFERRAL_CODE_LOOKUPS_PER_ADDRESS", default="60/hour 300/day")
LIMIT_REFERRAL_CODES_ENTERED_PER_PERSON = env.str("LIMIT_REFERRAL_CODES_ENTERED_PER_PERSON", default="10/hour 20/day")
# After too many wrong tries: how long the first lock lasts; each further one lasts twice as long.
SIGN_IN_LOCK_FIRST_SECONDS = env.int("SIGN_IN_LOCK_FIRST_SECONDS", default=3_600)
SIGN_IN_LOCK_LONGEST_SECONDS = env.int("SIGN_IN_LOCK_LONGEST_SECONDS", default=604_800)
# An address from which a number signed in lately is not shut out by what strangers do to that number.
KNOWN_ADDRESS_DAYS = env.int("KNOWN_ADDRESS_DAYS", default=90)
# Calling codes of the countries that codes are sent to; *: all. Unasked, a gateway's bill may come from anywhere.
SMS_COUNTRIES = env.list(
    "SMS_COUNTRIES", default=["*" if DEBUG else str(country_code_for_region(PHONENUMBER_DEFAULT_REGION))]
)

SMS_URL = env.str("SMS_URL", default="console:")
SMS_TIMEOUT_SECONDS = env.float("SMS_TIMEOUT_SECONDS", default=5.0)
SMS_RETRY_SECONDS = env.float("SMS_RETRY_SECONDS", default=2.0)
CONSOLE_SMS_MIN_DELAY_SECONDS = env.float("CONSOLE_SMS_MIN_DELAY_SECONDS", default=1.0)
CONSOLE_SMS_MAX_DELAY_SECONDS = env.float("CONSOLE_SMS_MAX_DELAY_SECONDS", default=2.0)

# How long it is known which message went to which number; codes, tokens and sessions go when they expire.
PERSONAL_DATA_MESSAGES_DAYS = env.int("PERSONAL_DATA_MESSAGES_DAYS", default=90)

# Referrals

REFERRAL_CODE_LENGTH = env.int("REFERRAL_CODE_LENGTH", default=6)
REFERRAL_ALLOW_CIRCLES = env.bool("REFERRAL_ALLOW_CIRCLES", default=False)
# 0: another person's code can be activated at any time.
REFERRAL_WINDOW_DAYS = env.int("REFERRAL_WINDOW_DAYS", default=0)

# Statistics

# Where a day of the statistics begins and ends, unless a reader asks for another place.
STATISTICS_TIME_ZONE = env.str("STATISTICS_TIME_ZONE", default="UTC")

# API

API_MAX_BODY_BYTES = env.int("API_MAX_BODY_BYTES", default=65_536)
TOKEN_LIFETIME_DAYS = env.int("TOKEN_LIFETIME_DAYS", default=30)
JWT_ACCESS_LIFETIME_MINUTES = env.int("JWT_ACCESS_LIFETIME_MINUTES", default=5)
JWT_REFRESH_LIFETIME_DAYS = env.int("JWT_REFRESH_LIFETIME_DAYS", default=30)

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
REST_KNOX = {"TOKEN_TTL": timedelta(days=TOKEN_LIFETIME_DAYS)}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=JWT_ACCESS_LIFETIME_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=JWT_REFRESH_LIFETIME_DAYS),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Referral service",
    "DESCRIPTION": DESCRIPTION,
    "TAGS": TAGS,
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {"HealthStatusEnum": ["ok", "degraded", "unavailable"]},
}

# Pages

LOGIN_URL = "web:sign-in"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

# Admin panel

AUTHENTICATION_BACKENDS = ["panel.lockout.PasswordBackend", "users.people.sessions.ConfirmationCodeBackend"]
ADMIN_WRONG_PASSWORDS_PER_NUMBER = env.int("ADMIN_WRONG_PASSWORDS_PER_NUMBER", default=5)
ADMIN_WRONG_PASSWORDS_PER_ADDRESS = env.int("ADMIN_WRONG_PASSWORDS_PER_ADDRESS", default=20)
ADMIN_LOCKOUT_SECONDS = env.int("ADMIN_LOCKOUT_SECONDS", default=1_800)
ADMIN_SESSION_HOURS = env.int("ADMIN_SESSION_HOURS", default=12)
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=False)
OTP_TOTP_ISSUER = "Referral service"
AUDIT_TRAIL_DAYS = env.int("AUDIT_TRAIL_DAYS", default=365)
# A number is locked for the address it is tried from, never for its owner elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_FAILURE_LIMIT = ADMIN_WRONG_PASSWORDS_PER_NUMBER
AXES_COOLOFF_TIME = timedelta(seconds=ADMIN_LOCKOUT_SECONDS)
AXES_HANDLER = "panel.lockout.Handler"
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "panel.lockout.phone_number_of"
AXES_CLIENT_IP_CALLABLE = "panel.lockout.address_of"
AXES_LOCKOUT_CALLABLE = "panel.lockout.answer"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
# The audit trail says who signed in; these would keep numbers and cookies that nobody needs.
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_VERBOSE = False

UNFOLD = menu.UNFOLD
# Whoever opens the sign-in page of the panel itself, without having been sent there, wants to get in.
LOGIN_REDIRECT_URL = "admin:index"

# Languages, time, static files

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
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
    debug=DEBUG, level=env.str("LOG_LEVEL", default="INFO"), code_length=CONFIRMATION_CODE_LENGTH
)
# Outside of DEBUG /metrics answers to this bearer token alone; without one, to nobody.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
