"""Erasure of a user: only an anonymous link in the chain of invitations is kept."""

from axes.models import AccessAttempt
from django.db import transaction

from common.database import locks
from users import audit, events
from users.models import ConfirmationCode, Delivery, FormerNumber, Referral, RetiredReferralCode, SignInAttempt, User
from users.people import jwt_sessions
from users.sms import outbox
from users.statistics.totals import quarter_of


@transaction.atomic
def erase(*, user: User) -> None:
    """Delete a user with sessions and codes; keep the inviter's count, retire the invite code, remember the number."""
    locks.lock_ids(exclusive=user.pk)
    # A sign-in locks the row of its code until it commits: this waits for it, and later sign-ins find no code.
    ConfirmationCode.objects.about(user).delete()
    # Messages and sign-ins stay counted, without the phone number; messages that wait are not sent.
    Delivery.objects.filter(phone_number=user.phone_number).update(phone_number="", **outbox.NOTHING_TO_SEND)
    # Lock the row: concurrent inserts of related rows commit before the deletion collects them, or fail.
    if not User.objects.select_for_update().filter(pk=user.pk).exists():
        return
    events.person_erased(user)
    FormerNumber.objects.leave(user, account=None)
    AccessAttempt.objects.filter(username=user.phone_number).delete()
    SignInAttempt.objects.filter(phone_number=user.phone_number).update(phone_number="", address="")
    jwt_sessions.forget_voided_jwts(user=user)
    if user.is_test:  # nothing else would say then that it is not counted
        Referral.objects.filter(invited=user).delete()
    registered_at = None if user.is_test else quarter_of(user.registered_at)
    RetiredReferralCode.objects.create(referral_code=user.referral_code, registered_at=registered_at)
    # Audit records stay, without old and new values.
    audit.forget_values_of(user)
    user.delete()
