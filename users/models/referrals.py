"""Referrals: which user invited which."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users.models.fields import referral_code_field
from users.models.people import User

NEWEST_FIRST = ("-activated_at", "-id")


class ReferralManager(models.Manager["Referral"]):
    def counted(self) -> models.QuerySet["Referral"]:
        """Return those that statistics count: not those of people with a test number."""
        # A subquery: with a join the database would read a row of a person for each referral.
        return self.exclude(invited__in=User.objects.filter(is_test=True))


class Referral(models.Model):
    """One user invited another. Either side becomes null when that user is erased; the row stays."""

    #: One-to-one: the database prevents a second activation.
    invited = models.OneToOneField(
        User, models.SET_NULL, null=True, related_name="invitation", verbose_name=_("invited")
    )
    inviter = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="referrals", db_index=False, verbose_name=_("inviter")
    )
    referral_code = referral_code_field()
    activated_at = models.DateTimeField(_("activated"), default=timezone.now)

    objects = ReferralManager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        ordering = NEWEST_FIRST
        indexes = (
            models.Index(fields=("inviter", "activated_at", "id"), name="referral_by_inviter"),
            models.Index(fields=("activated_at", "id"), name="referral_by_time"),
        )
        constraints = (
            models.CheckConstraint(name="nobody_invites_themselves", condition=~models.Q(inviter=models.F("invited"))),
        )

    def __str__(self) -> str:
        return f"{self.referral_code}, {self.activated_at:%Y-%m-%d}"
