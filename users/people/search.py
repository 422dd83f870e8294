"""Finding people in a list of any length."""

from django.db.models import Q, QuerySet

from users import phones, referral_codes
from users.models import User
from users.refusals import PhoneNumberInvalid


def matching(people: QuerySet[User], term: str) -> QuerySet[User]:
    """Keep those whose phone number or name begins with `term`, or whose invite code it is: each through an index."""
    term = term.strip()
    matches = Q(username__istartswith=term)
    if code := referral_codes.normalize(term):
        matches |= Q(referral_code=code)
    if beginning := _beginning_of_phone(term):
        matches |= Q(phone_number__startswith=beginning)
    return people.filter(matches)


def _beginning_of_phone(term: str) -> str:
    """Return the E.164 number, or its beginning, that `term` stands for; "" when it does not look like one."""
    try:
        return phones.normalize(term)
    except PhoneNumberInvalid:
        digits = "".join(character for character in term if character.isdecimal())
        return f"+{digits}" if digits and term[0] in "+0123456789" else ""
