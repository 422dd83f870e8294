"""Programs of the host: their accounts and the keys that they send."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users.models.people import User

#: "rsk_" and eight characters: shown in lists and records, to tell keys apart.
KEY_PREFIX_LENGTH = 12


class Scope(models.TextChoices):
    """What a service may do. Each operation of the API asks for one of them."""

    PEOPLE_READ = "people:read", _("read people")
    PEOPLE_WRITE = "people:write", _("add, change and erase people")
    REFERRALS_READ = "referrals:read", _("read referrals")
    REFERRALS_WRITE = "referrals:write", _("change referrals")
    SIGN_IN_FORWARD = "sign_in:forward", _("pass on sign-ins with the address of the client")
    STATISTICS_READ = "statistics:read", _("read statistics")
    EVENTS_READ = "events:read", _("read events")
    WEBHOOKS_WRITE = "webhooks:write", _("manage webhooks")


class ServiceAccount(models.Model):
    """A program of the host that calls the API with a service key."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    scopes = models.JSONField(_("scopes"), default=list)
    #: The superuser who made it; null: a command did, or that superuser was erased.
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by"))
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("The keys of others are refused."))

    class Meta:
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")
        ordering = ("name",)
        # Superusers only: a scope reaches further than the permissions of most staff.
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def has_scope(self, scope: Scope) -> bool:
        return scope in self.scopes


class ServiceKey(models.Model):
    """A key of a service account. An account may have several at a time, so that keys can be replaced."""

    account = models.ForeignKey(ServiceAccount, models.CASCADE, related_name="keys", verbose_name=_("service account"))
    prefix = models.CharField(_("begins with"), max_length=KEY_PREFIX_LENGTH, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    #: CIDR networks from which the key is accepted; empty: from everywhere.
    networks = models.JSONField(_("networks"), default=list, blank=True)
    #: Written once an hour at most.
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        verbose_name = _("service key")
        verbose_name_plural = _("service keys")
        ordering = ("-id",)
        default_permissions = ()

    def __str__(self) -> str:
        return self.prefix

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and timezone.now() < self.expires_at
