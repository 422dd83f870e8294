"""Changes that users make to their own profile."""

from contextlib import nullcontext

from django.db import transaction

from users import events
from users.limits import limits
from users.models import User
from users.referrals import activation


def change_profile(*, user: User, used_referral_code: str | None = None, **own_fields: str) -> None:
    """Change `User.OWN_FIELDS` and activate an invite code, all in one transaction.

    Raises `TooManyReferralCodes` or a refusal of `activation.activate`.
    """
    if used_referral_code is None:
        with transaction.atomic() if own_fields else nullcontext():
            _change(user, own_fields)
        return
    with limits.counting_failures(limits.REFERRAL_CODES_ENTERED_PER_PERSON.of(user.pk)), transaction.atomic():
        _change(user, own_fields)
        activation.activate(user=user, referral_code=used_referral_code)


def _change(user: User, own_fields: dict[str, str]) -> None:
    events.person_changed(user, former=User.objects.update_user(user, **own_fields))
