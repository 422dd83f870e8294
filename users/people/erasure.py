"""Erasing a person: nothing of them stays but an anonymous link in the chain of invitations."""

from axes.models import AccessAttempt
from django.db import transaction
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from common.database import locks
from users import audit
from users.models import ConfirmationCode, Delivery, RetiredReferralCode, SignInAttempt, User
from users.sms import outbox
from users.statistics.totals import quarter_of


@transaction.atomic
def erase(*, user: User) -> None:
    """Delete a person with their sessions and codes; their inviter's count stays, their invite code is never reused."""
    locks.hold(exclusively=user.pk)
    # A sign-in holds the row of its code to the end: it is over now, or finds no code.
    ConfirmationCode.objects.filter(phone_number=user.phone_number).delete()
    # How many messages were sent and sign-ins there were stays known, but not whose; one on its way is sent no more.
    Delivery.objects.filter(phone_number=user.phone_number).update(phone_number="", **outbox.NOTHING_TO_SEND)
    # Whatever is being written for this person now is written before it is collected for deletion, or fails.
    if not User.objects.select_for_update().filter(pk=user.pk).exists():
        return
    AccessAttempt.objects.filter(username=user.phone_number).delete()
    SignInAttempt.objects.filter(phone_number=user.phone_number).update(phone_number="", address="")
    OutstandingToken.objects.filter(user=user).delete()
    RetiredReferralCode.objects.create(referral_code=user.referral_code, registered_at=quarter_of(user.registered_at))
    # What staff did stays on record, but not with which values.
    audit.forget_values_of(user)
    user.delete()
