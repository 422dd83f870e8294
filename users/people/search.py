"""Search for users: an index finds each of them, except by digits in the middle of a number."""

import re
from uuid import UUID

import phonenumbers
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from users import phones, reading, referral_codes
from users.models import User
from users.phones import PhoneNumber
from users.refusals import PhoneNumberInvalid
from users.search_names import search_name

ROWS_AT_ONCE = 1_000
#: Fewer digits find only what begins with them.
DIGITS_ANYWHERE = 4
#: If so many numbers contain the same digits, reading the people in the order of a list soon fills a page.
MANY_NUMBERS = 10_000
#: What is left of a number while it is typed. A letter makes it an invite code or a name.
_BEGINNING_OF_PHONE = re.compile(r"\+?[0-9 ().\-]*[0-9][0-9 ().\-]*")


def matching(users: QuerySet[User], term: str) -> QuerySet[User]:
    """Filter by a part of the phone number, the beginning of the name, a whole invite code or id.

    A part is the beginning, with the country code, or without it or with the national prefix (8 in Russia) in the
    default region, or at least `DIGITS_ANYWHERE` digits in a row.
    """
    term = term.strip()
    matches = Q(external_id=term) if term else Q()
    if public_id := _uuid(term):
        matches |= Q(public_id=public_id)
    if name := search_name(term):
        matches |= Q(search_name__prefix=name)
    if codes := referral_codes.readings(term):
        matches |= Q(referral_code__in=codes)
    if beginning := _beginning_of_phone(term):
        matches |= Q(phone_number__prefix=beginning)
        if not reading.plain(term).strip().startswith("+"):
            digits = beginning.removeprefix("+")
            for national in sorted({digits, digits.removeprefix(_national_prefix())} - {""}):
                matches |= Q(phone_number__prefix=f"+{_default_country_code()}{national}")
            if len(digits) >= DIGITS_ANYWHERE and not isinstance(beginning, PhoneNumber):
                matches |= _digits_anywhere(digits)
    return users.filter(matches) if matches else users.none()


def _digits_anywhere(digits: str) -> Q:
    """Read the numbers with these digits first: all are in an index, which is smaller than the table."""
    anywhere = Q(phone_number__contains=digits)
    numbers = User.objects.filter(anywhere).order_by("phone_number").values_list("phone_number", flat=True)
    found = list(numbers[:MANY_NUMBERS])
    return Q(phone_number__in=found) if len(found) < MANY_NUMBERS else anywhere


def _default_country_code() -> int:
    return phonenumbers.country_code_for_region(settings.PHONENUMBER_DEFAULT_REGION)


def _national_prefix() -> str:
    return phonenumbers.ndd_prefix_for_region(settings.PHONENUMBER_DEFAULT_REGION, True) or ""


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None


def _beginning_of_phone(term: str) -> str:
    """Return a whole number as `PhoneNumber`, a part as a beginning in E.164; "" if it does not look like a number."""
    try:
        return phones.normalize(term)
    except PhoneNumberInvalid:
        typed = reading.plain(term).strip()
        return "+" + re.sub("[^0-9]", "", typed) if _BEGINNING_OF_PHONE.fullmatch(typed) else ""


def fill_search_names() -> int:
    """Compute the names that searches compare for users that an older release saved; return how many there were."""
    filled = 0
    while True:
        with transaction.atomic():
            nameless = User.objects.select_for_update().filter(search_name=None).order_by()
            users = list(nameless.only("username")[:ROWS_AT_ONCE])
            for user in users:
                user.search_name = search_name(user.username)
            User.objects.bulk_update(users, ["search_name"])
        filled += len(users)
        if len(users) < ROWS_AT_ONCE:
            return filled
