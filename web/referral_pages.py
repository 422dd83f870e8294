"""Pages of a user's referrals, newest first; every page costs the same."""

from dataclasses import dataclass
from datetime import datetime

from common.database.ids import parse_id
from users.models import Referral, User
from users.referrals import newest
from users.referrals.visibility import readable_number

PAGE_SIZE = 20


@dataclass(frozen=True)
class ShownReferral:
    #: For people to read; None for an erased person.
    phone_number: str | None
    activated_at: datetime


@dataclass(frozen=True)
class ReferralPage:
    referrals: list[ShownReferral]
    is_first: bool
    #: The `before` of the next page; None on the last page.
    last_id: int | None


def page_of(inviter: User, *, before: str) -> ReferralPage:
    """Return the referrals before the one with this id; the newest ones for an unknown id."""
    mine = newest.referrals_of(inviter)
    start_id = parse_id(before)
    start = mine.filter(pk=start_id).first() if start_id else None
    if start:
        mine = mine.filter(newest.older_than(start))
    found = list(mine.select_related("invited")[: PAGE_SIZE + 1])
    shown, has_more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    return ReferralPage(
        [_show(each) for each in shown], is_first=start is None, last_id=shown[-1].pk if has_more else None
    )


def _show(referral: Referral) -> ShownReferral:
    number = readable_number(referral.invited.phone_number) if referral.invited else None
    return ShownReferral(number, referral.activated_at)
