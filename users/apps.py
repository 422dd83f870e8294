from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = _("Referral service")

    def ready(self) -> None:
        from users.sms import smsc
        from users.upkeep import checks  # noqa: F401  registers the deployment checks

        smsc.install()
