"""The person of a redeemed code: found, or created with name and invite code at the first sign-in."""

from dataclasses import dataclass

from django.utils import timezone

from common.database import sql
from common.http.client_ip import client_ip_digests
from users import events
from users.models import USED_REFERRAL_CODE, ConfirmationCode, User
from users.referrals import activation
from users.refusals import AccountDisabled, NumberWasHereBefore, PhoneNumberTaken

_SIGN_IN = f"""
    UPDATE users_user SET last_login = %s WHERE phone_number = %s RETURNING *, {USED_REFERRAL_CODE}
"""  # noqa: S608  constants only


@dataclass(frozen=True)
class SignIn:
    user: User
    is_new_user: bool
    #: The id of the `ConfirmationCode` that was redeemed; None when a browser sends the same form again.
    code_id: int | None = None
    #: Why the invite code sent along was not activated; the sign-in itself succeeded.
    referral_refusal: NumberWasHereBefore | None = None

    @property
    def has_come_back(self) -> bool:
        """True at the first sign-in of a number that an earlier account had."""
        return self.is_new_user and self.user.number_was_here_before


@dataclass(frozen=True)
class Newcomer:
    """What a request may say about a person who is not registered yet; without effect for others."""

    username: str = ""
    used_referral_code: str = ""


def enter(record: ConfirmationCode, newcomer: Newcomer, *, client_ip: str, by_link: bool) -> SignIn:
    """Sign in the person of a redeemed code, or create them and activate their invite code.

    Raises `AccountDisabled` or `ReferralCodeNotFound`. A number that was here before signs in without the invite code.
    """
    now = timezone.now()
    user = sql.find_one(User, _SIGN_IN, now, record.number)
    if user is None:
        # Anyone can request a code for any number. So the name of that request counts for the same client only: by its
        # IP, or by the link that was the answer to it.
        is_same_client = by_link or record.address in client_ip_digests(client_ip)
        username = newcomer.username or (record.username if is_same_client else "")
        try:
            user = User.objects.create_user(record.number, username=username, last_login=now)
        except PhoneNumberTaken:  # staff created the user a moment ago
            user = sql.find(User, _SIGN_IN, now, record.number)[0]
        else:
            return _welcome(user, newcomer, record)
    if not user.is_active:
        raise AccountDisabled
    events.person_signed_in(user)
    return SignIn(user, is_new_user=False, code_id=record.pk)


def _welcome(user: User, newcomer: Newcomer, record: ConfirmationCode) -> SignIn:
    refusal = None
    events.people_registered(user)
    events.person_signed_in(user)
    if newcomer.used_referral_code:
        try:
            activation.activate(user=user, referral_code=newcomer.used_referral_code)
        except NumberWasHereBefore as refused:
            refusal = refused
    return SignIn(user, is_new_user=True, code_id=record.pk, referral_refusal=refusal)
