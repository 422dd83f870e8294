"""How the admin panel is called and what its side menu offers; settings import it before the apps are ready."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _to_list(title: Promise, model: str, icon: str, app: str = "users") -> dict[str, Any]:
    def may_see(request: HttpRequest) -> bool:
        return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))

    link = reverse_lazy(f"admin:{app}_{model}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": may_see}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Referral service"),
    "SITE_HEADER": _("Referral service"),
    "SITE_SYMBOL": "hub",
    "STYLES": [lambda _request: static("panel/panel.css")],
    "DASHBOARD_CALLBACK": "panel.dashboard.show",
    "LOGIN": {"form": "panel.forms.SignInForm"},
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    {"title": _("Dashboard"), "icon": "monitoring", "link": reverse_lazy("admin:index")},
                    _to_list(_("People"), "user", "group"),
                    _to_list(_("Referrals"), "referral", "account_tree"),
                    _to_list(_("Confirmation codes"), "confirmationcode", "password"),
                    _to_list(_("Messages"), "delivery", "sms"),
                    _to_list(_("Sign-in attempts"), "signinattempt", "login"),
                    _to_list(_("Wrong passwords"), "accessattempt", "lock_person", app="axes"),
                    _to_list(_("Audit trail"), "auditrecord", "history"),
                    {
                        "title": _("Second factors"),
                        "icon": "phonelink_lock",
                        "link": reverse_lazy("admin:users_secondfactor_changelist"),
                        "permission": lambda request: request.user.is_superuser,
                    },
                    {
                        "title": _("Groups"),
                        "icon": "admin_panel_settings",
                        "link": reverse_lazy("admin:auth_group_changelist"),
                        "permission": lambda request: request.user.is_superuser,
                    },
                ],
            },
            {
                "title": _("API"),
                "separator": True,
                "items": [
                    {"title": _("Try it (Swagger)"), "icon": "play_circle", "link": reverse_lazy("swagger-ui")},
                    {"title": _("Read it (ReDoc)"), "icon": "menu_book", "link": reverse_lazy("redoc")},
                ],
            },
        ],
    },
}
