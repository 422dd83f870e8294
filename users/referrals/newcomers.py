"""Invitations of many people who are saved in this transaction, by the rules of `activation`, in a few queries."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F

from common.database import bulk
from users import events, referral_codes
from users.models import Referral, User
from users.refusals import NumberWasHereBefore, OwnReferralCode, ReferralCircle, ReferralCodeNotFound, Refusal


@dataclass(frozen=True)
class Newcomer:
    """A person saved in this transaction, and the invite code that they came with."""

    user: User
    used_referral_code: str
    number_was_here_before: bool


def invite_newcomers(newcomers: Sequence[Newcomer]) -> list[Refusal | None]:
    """Store the invitations, as of the registration of each; return the refusal of each, None for those stored.

    The inviters are locked, so that none is erased meanwhile. Others can't see the newcomers before the commit, so
    circles close among them only.
    """
    typed = [referral_codes.readings(each.used_referral_code) for each in newcomers]
    codes = {code for readings in typed for code in readings}
    active = User.objects.select_for_update(no_key=True).filter(is_active=True, referral_code__in=codes)
    owners = {owner.referral_code: owner for owner in active.order_by("pk").only("referral_code", "public_id")}
    inviter_of: dict[int, int] = {}
    refusals, referrals = [], []
    for newcomer, readings in zip(newcomers, typed, strict=True):
        user, code = newcomer.user, next((code for code in readings if code in owners), "")
        refusal = next(_refusals(newcomer, readings, owners.get(code), inviter_of), None)
        refusals.append(refusal)
        if refusal is None:
            inviter_of[user.pk] = owners[code].pk
            at = user.registered_at
            referrals.append(Referral(invited=user, inviter=owners[code], referral_code=code, activated_at=at))
    bulk.insert(referrals)
    events.referrals_activated(*referrals)
    _count(Counter(inviter_of.values()))
    return refusals


def _refusals(
    newcomer: Newcomer, readings: list[str], owner: User | None, inviter_of: Mapping[int, int]
) -> Iterator[Refusal]:
    """Yield the refusals that apply, in the order of `activation.REFUSALS`."""
    inviter = owner.pk if owner else None
    if newcomer.user.referral_code in readings and inviter in (None, newcomer.user.pk):
        yield OwnReferralCode()
    if newcomer.number_was_here_before:
        yield NumberWasHereBefore()
    if inviter is None:
        yield ReferralCodeNotFound()
    above = inviter
    while above is not None and not settings.REFERRAL_ALLOW_CIRCLES:
        if above == newcomer.user.pk:
            yield ReferralCircle()
        above = inviter_of.get(above)


def _count(invited: Counter[int]) -> None:
    by_count: dict[int, list[int]] = {}
    for inviter, count in invited.items():
        by_count.setdefault(count, []).append(inviter)
    for count, inviters in by_count.items():
        User.objects.filter(pk__in=inviters).update(referrals_count=F("referrals_count") + count)
