"""The side menu, the brand and the style sheets of the admin panel, named by dotted paths in the setting UNFOLD."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from common.brand import facts


def service_name(_request: HttpRequest) -> str:
    return facts.service_name()


def language_action(_request: HttpRequest) -> str:
    return reverse("web:set-language")


def icon(_request: HttpRequest) -> str:
    return facts.icon_url()


def brand_colours(_request: HttpRequest) -> str:
    return facts.colours_url("panel")


def style_sheet(_request: HttpRequest) -> str:
    return static("panel/panel.css")


def navigation(_request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of the side menu; each entry shows if its `permission` allows it."""
    return [
        {
            "items": [
                {"title": _("Dashboard"), "icon": "monitoring", "link": reverse("admin:index")},
                _to_list(_("People"), "user", "group"),
                _to_list(_("Referrals"), "referral", "account_tree"),
                _to_list(_("Confirmation codes"), "confirmationcode", "password"),
                _to_list(_("Messages"), "delivery", "sms"),
                {
                    "title": _("Delivery and cost"),
                    "icon": "payments",
                    "link": reverse("admin:delivery_report"),
                    "permission": _may_see_messages,
                },
                _to_list(_("Sign-in attempts"), "signinattempt", "login"),
                _to_list(_("Wrong passwords"), "accessattempt", "lock_person", app="axes"),
                _to_list(_("Audit trail"), "auditrecord", "history"),
                {
                    "title": _("Second factors"),
                    "icon": "phonelink_lock",
                    "link": reverse("admin:users_secondfactor_changelist"),
                    "permission": _is_superuser,
                },
                {
                    "title": _("Service accounts"),
                    "icon": "smart_toy",
                    "link": reverse("admin:users_serviceaccount_changelist"),
                    "permission": _is_superuser,
                },
                {
                    "title": _("Service keys"),
                    "icon": "key",
                    "link": reverse("admin:users_servicekey_changelist"),
                    "permission": _is_superuser,
                },
                {
                    "title": _("Webhooks"),
                    "icon": "webhook",
                    "link": reverse("admin:users_webhook_changelist"),
                    "permission": _is_superuser,
                },
                {
                    "title": _("Deliveries of events"),
                    "icon": "outbox",
                    "link": reverse("admin:users_webhookdelivery_changelist"),
                    "permission": _is_superuser,
                },
                {
                    "title": _("Groups"),
                    "icon": "admin_panel_settings",
                    "link": reverse("admin:auth_group_changelist"),
                    "permission": _is_superuser,
                },
            ],
        },
        {
            "title": _("API"),
            "separator": True,
            "items": [
                {"title": _("Try it (Swagger)"), "icon": "play_circle", "link": reverse("swagger-ui")},
                {"title": _("Read it (ReDoc)"), "icon": "menu_book", "link": reverse("redoc")},
            ],
        },
    ]


def _to_list(title: str, model: str, icon: str, app: str = "users") -> dict[str, Any]:
    def may_see(request: HttpRequest) -> bool:
        return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))

    return {"title": title, "icon": icon, "link": reverse(f"admin:{app}_{model}_changelist"), "permission": may_see}


def _may_see_messages(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("users.view_delivery"))


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)
