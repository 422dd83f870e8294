from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class PanelConfig(AdminConfig):
    default_site = "users.admin_site.Panel"


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = _("Referral service")

    def ready(self) -> None:
        from users import checks, smsc  # noqa: F401  registers the deployment checks

        smsc.install()
