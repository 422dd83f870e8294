"""Changes that users make to their own profile."""

from django.db import transaction

from users.limits import limits
from users.models import User
from users.referrals import activation


def change_profile(*, user: User, username: str | None = None, used_referral_code: str | None = None) -> None:
    """Change the name and activate an invite code, both in one transaction.

    Raises `TooManyReferralCodes` or a refusal of `activation.activate`.
    """
    if used_referral_code is None:
        _change(user, username, None)
    else:
        with limits.counting_failures(limits.REFERRAL_CODES_ENTERED_PER_PERSON.of(user.pk)):
            _change(user, username, used_referral_code)


@transaction.atomic
def _change(user: User, username: str | None, used_referral_code: str | None) -> None:
    if username is not None:
        User.objects.update_user(user, username=username)
    if used_referral_code is not None:
        activation.activate(user=user, referral_code=used_referral_code)
