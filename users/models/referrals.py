"""Who came with whom."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users import referral_codes
from users.models.people import User


class Referral(models.Model):
    """Who came with whom. Either side becomes null when that person is erased; the row stays as an anonymous link."""

    #: One-to-one: the database itself lets nobody activate a second code.
    invited = models.OneToOneField(
        User, models.SET_NULL, null=True, related_name="invitation", verbose_name=_("invited")
    )
    inviter = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="referrals", db_index=False, verbose_name=_("inviter")
    )
    referral_code = models.CharField(_("invite code"), max_length=referral_codes.MAX_LENGTH)
    activated_at = models.DateTimeField(_("activated"), default=timezone.now)

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        ordering = ("-activated_at", "-id")
        indexes = (
            models.Index(fields=("inviter", "activated_at", "id"), name="referral_by_inviter"),
            models.Index(fields=("activated_at", "id"), name="referral_by_time"),
        )
        constraints = (
            models.CheckConstraint(name="nobody_invites_themselves", condition=~models.Q(inviter=models.F("invited"))),
        )

    def __str__(self) -> str:
        return f"{self.referral_code}, {self.activated_at:%Y-%m-%d}"
