from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_migrate
from django.utils.functional import lazy

from common.brand.facts import service_name


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = lazy(service_name, str)()

    def ready(self) -> None:
        from users.people import jwt_keys, sessions
        from users.sms import smsc
        from users.upkeep import checks, secret_key  # noqa: F401  registers the deployment checks

        smsc.install()
        jwt_keys.install()
        user_logged_in.connect(sessions.remember_opening)
        user_logged_out.connect(sessions.forget_web_session)
        post_migrate.connect(secret_key.store, sender=self)
