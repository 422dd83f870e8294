"""Host names, proxies, HTTPS and the cookies that depend on it."""

from urllib.parse import urlsplit

from corsheaders.defaults import default_headers

from common.http import paths, public_url
from common.observability import request_id
from referral_project.settings.environment import DEBUG, env

# Every link begins with it. Never with the host of a request, which the client chooses.
PUBLIC_URL = public_url.checked(
    env.str("PUBLIC_URL", default="http://127.0.0.1:8000") if DEBUG else env.str("PUBLIC_URL")
)
_PUBLIC_NAME = urlsplit(PUBLIC_URL).hostname
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=["*" if DEBUG else _PUBLIC_NAME]), "localhost", "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
# In addition to Accept, Authorization, Content-Type and the like.
CORS_ALLOWED_HEADERS = env.list(
    "CORS_ALLOWED_HEADERS",
    default=["X-Request-ID", "traceparent", "sentry-trace", "baggage", "Idempotency-Key", "If-None-Match"],
)
CORS_ALLOW_HEADERS = [*default_headers, *CORS_ALLOWED_HEADERS]
CORS_EXPOSE_HEADERS = [request_id.HEADER, "Retry-After", "ETag", "Link", "Location"]
# Number of proxies in front of the service; each appends its client's address to CLIENT_ADDRESS_HEADER.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
# The header that they write. Name only one that they overwrite or append to: another one is the client's own.
CLIENT_ADDRESS_HEADER = env.str("CLIENT_ADDRESS_HEADER", default="X-Forwarded-For")

HTTPS = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_HOST = urlsplit(PUBLIC_URL).netloc
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# Safe to trust: nginx is the only way in, and it overwrites the client's header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Probes reach the container directly, without TLS.
SECURE_REDIRECT_EXEMPT = [rf"^{paths.HEALTH.lstrip('/')}"]
CSRF_FAILURE_VIEW = "web.views.site.refuse_form"
X_FRAME_OPTIONS = "DENY"

# Browsers accept a `__Host-` cookie only over TLS, from this exact host and for path `/`.
_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, SIGN_IN_COOKIE_NAME, ACCOUNT_COOKIE_NAME, INVITATION_COOKIE_NAME = (
    f"{_PREFIX}{name}" for name in ("session", "csrf", "sign-in", "account", "invitation")
)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
# The default keeps what a cookie can't hold in a session, which would be a row for a stranger.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
