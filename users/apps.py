from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.functional import lazy

from common.brand.facts import service_name


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = lazy(service_name, str)()

    def ready(self) -> None:
        from users.people import jwt_keys
        from users.sms import smsc
        from users.upkeep import checks, secret_key  # noqa: F401  registers the deployment checks

        smsc.install()
        jwt_keys.install()
        post_migrate.connect(secret_key.store, sender=self)
