from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class SiteConfig(AdminConfig):
    """Django's admin, with `Panel` as the default site."""

    default_site = "panel.site.Panel"


class PanelConfig(AppConfig):
    name = "panel"


class WrongPasswordsConfig(AxesConfig):  # type: ignore[misc]
    """django-axes under the panel's names."""

    verbose_name = _("Wrong passwords")

    def ready(self) -> None:
        super().ready()
        options = self.get_model("AccessAttempt")._meta
        options.verbose_name, options.verbose_name_plural = _("wrong password"), _("wrong passwords")
