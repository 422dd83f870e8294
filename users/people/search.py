"""Search for users by indexed columns."""

from django.db.models import Q, QuerySet

from users import phones, reading, referral_codes
from users.models import User
from users.refusals import PhoneNumberInvalid


def matching(users: QuerySet[User], term: str) -> QuerySet[User]:
    """Filter by the beginning of the phone number or name, or by the whole invite code; an index serves each."""
    matches = Q(username__istartswith=reading.name(term))
    if code := referral_codes.normalize(term):
        matches |= Q(referral_code=code)
    if beginning := _beginning_of_phone(term):
        matches |= Q(phone_number__startswith=beginning)
    return users.filter(matches)


def _beginning_of_phone(term: str) -> str:
    """Return `term` as an E.164 number or its beginning; "" if it does not look like a number."""
    try:
        return phones.normalize(term)
    except PhoneNumberInvalid:
        term = reading.plain(term).strip()
        digits = "".join(character for character in term if character.isdecimal())
        return f"+{digits}" if digits and term[0] in "+0123456789" else ""
