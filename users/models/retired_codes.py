"""The invite codes of erased users."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.database import sql
from users import referral_codes
from users.models.fields import referral_code_field

_IS_RETIRED = "SELECT 1 FROM users_retiredreferralcode WHERE referral_code = %s"


class RetiredReferralCode(models.Model):
    """The invite code of an erased user, which is never drawn again."""

    referral_code = referral_code_field(primary_key=True)
    #: Rounded down to a quarter of an hour (UTC): enough for the statistics, too little to identify the user. Null for
    #: those that the statistics don't count.
    registered_at = models.DateTimeField(_("registered"), null=True, db_index=True)

    class Meta:
        verbose_name = _("retired invite code")
        verbose_name_plural = _("retired invite codes")

    def __str__(self) -> str:
        return self.referral_code


def draw_referral_code() -> str:
    """Draw a code that no erased user had; the unique constraint catches a code that is drawn twice."""
    while sql.rows(_IS_RETIRED, code := referral_codes.draw()):
        pass
    return code
