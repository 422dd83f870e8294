"""The admin panel: password lockout (django-axes), second factor, appearance (django-unfold)."""

from datetime import timedelta

from referral_project.settings.brand import SERVICE_NAME
from referral_project.settings.environment import env

ADMIN_WRONG_PASSWORDS_PER_NUMBER = env.int("ADMIN_WRONG_PASSWORDS_PER_NUMBER", default=5)
ADMIN_WRONG_PASSWORDS_PER_ADDRESS = env.int("ADMIN_WRONG_PASSWORDS_PER_ADDRESS", default=20)
ADMIN_LOCKOUT_SECONDS = env.int("ADMIN_LOCKOUT_SECONDS", default=1_800)
ADMIN_SESSION_HOURS = env.int("ADMIN_SESSION_HOURS", default=12)
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=False)
OTP_TOTP_ISSUER = SERVICE_NAME or "Referral service"
AUDIT_TRAIL_DAYS = env.int("AUDIT_TRAIL_DAYS", default=365)

# A number is locked only for the client_ip that tries it; its owner can sign in from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_FAILURE_LIMIT = ADMIN_WRONG_PASSWORDS_PER_NUMBER
AXES_COOLOFF_TIME = timedelta(seconds=ADMIN_LOCKOUT_SECONDS)
AXES_HANDLER = "panel.lockout.Handler"
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "panel.lockout.phone_number_of"
AXES_CLIENT_IP_CALLABLE = "panel.lockout.locked_ip"
AXES_LOCKOUT_CALLABLE = "panel.lockout.answer"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
# The audit trail records sign-ins; the access log would store phone numbers and cookies as well.
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_VERBOSE = False

# Unfold imports dotted paths when a page is shown.
UNFOLD = {
    "SITE_TITLE": "panel.menu.service_name",
    "SITE_HEADER": "panel.menu.service_name",
    "SITE_ICON": "panel.menu.icon",
    "SITE_FAVICONS": [{"rel": "icon", "href": "panel.menu.icon"}],
    "STYLES": ["panel.menu.brand_colours", "panel.menu.style_sheet"],
    "DASHBOARD_CALLBACK": "panel.dashboard.show",
    "LOGIN": {"form": "panel.forms.SignInForm"},
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": "panel.menu.language_action"},
    "SIDEBAR": {"navigation": "panel.menu.navigation"},
}
# Used when staff open the panel's sign-in page directly, without `next`.
LOGIN_REDIRECT_URL = "admin:index"
