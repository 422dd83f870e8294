"""Cumulative totals for the statistics."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunningTotals(models.Model):
    """How often each event happened before `at` (UTC): one row for every quarter of an hour, never purged."""

    at = models.DateTimeField(primary_key=True)
    registrations = models.PositiveBigIntegerField(_("registrations"), default=0)
    sign_ins = models.PositiveBigIntegerField(_("sign-ins"), default=0)
    activations = models.PositiveBigIntegerField(_("activations"), default=0)
    codes_sent = models.PositiveBigIntegerField(_("codes sent"), default=0)
    codes_delivered = models.PositiveBigIntegerField(_("codes delivered"), default=0)
    codes_failed = models.PositiveBigIntegerField(_("codes not delivered"), default=0)

    class Meta:
        verbose_name = _("running totals")
        verbose_name_plural = _("running totals")
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
