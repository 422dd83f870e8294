from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SiteConfig(AdminConfig):
    """Django's admin, with `Panel` as the default site."""

    default_site = "panel.site.Panel"


class PanelConfig(AppConfig):
    name = "panel"
