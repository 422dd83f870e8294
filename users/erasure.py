"""Erasing a person: nothing of them stays but an anonymous link in the chain of invitations."""

from django.contrib.admin.models import LogEntry
from django.db import transaction

from users import locks
from users.models import ConfirmationCode, RetiredReferralCode, User


@transaction.atomic
def erase(*, user: User) -> None:
    """Delete a person with their sessions and codes; their inviter's count stays, their invite code is never reused."""
    locks.hold(exclusively=user.pk)
    # Code first, then person, as a sign-in takes them: in another order the two would wait for each other.
    ConfirmationCode.objects.filter(phone_number=user.phone_number).delete()
    # A token that a sign-in is making this moment must exist before tokens are collected for deletion.
    if not User.objects.select_for_update().filter(pk=user.pk).exists():
        return
    RetiredReferralCode.objects.create(referral_code=user.referral_code)
    # What staff did stays on record, but not to whom.
    records = LogEntry.objects.filter(content_type__app_label="users", content_type__model="user")
    records.filter(object_id=str(user.pk)).update(object_repr="—")
    user.delete()
