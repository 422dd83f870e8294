"""The side menu, the brand and the style sheets of the admin panel, named by dotted paths in the setting UNFOLD."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.text import capfirst
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
                _to_list("user", "group"),
                _to_list("referral", "account_tree"),
                _to_list("confirmationcode", "password"),
                _to_list("delivery", "sms"),
                {
                    "title": _("Delivery and cost"),
                    "icon": "payments",
                    "link": reverse("admin:delivery_report"),
                    "permission": _may_see_messages,
                },
                _to_list("signinattempt", "login"),
                _to_list("accessattempt", "lock_person", app="axes"),
                _to_list("auditrecord", "history"),
                _to_list("secondfactor", "phonelink_lock", permission=_is_superuser),
                _to_list("serviceaccount", "smart_toy", permission=_is_superuser),
                _to_list("servicekey", "key", permission=_is_superuser),
                _to_list("webhook", "webhook", permission=_is_superuser),
                _to_list("webhookdelivery", "outbox", permission=_is_superuser),
                _to_list("group", "admin_panel_settings", app="auth", permission=_is_superuser),
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


def _to_list(
    model: str, icon: str, app: str = "users", permission: Callable[[HttpRequest], bool] | None = None
) -> dict[str, Any]:
    """Return the entry of a list, under the name that its page has; `permission`: by default, that to view its rows."""

    def may_see(request: HttpRequest) -> bool:
        return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))

    return {
        "title": capfirst(apps.get_model(app, model)._meta.verbose_name_plural),
        "icon": icon,
        "link": reverse(f"admin:{app}_{model}_changelist"),
        "permission": permission or may_see,
    }


def _may_see_messages(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("users.view_delivery"))


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)
