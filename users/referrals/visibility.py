"""What inviters see of the people who came with their code: whole phone numbers, or masked ones."""

from django.conf import settings
from django.utils.translation import gettext as _

from users.phones import PhoneNumber


def shown_number(phone_number: str | None) -> str | None:
    """Return a number for programs: E.164, or masked if REFERRALS_SHOW_NUMBERS says so; None for an erased person."""
    if phone_number is None:
        return None
    return PhoneNumber(phone_number).masked if _is_masked() else str(phone_number)


def shown_external_id(external_id: str | None) -> str | None:
    """Return the host's id of a person; None where numbers are masked: it could be a number or a name as well."""
    return None if _is_masked() else external_id


def readable_number(phone_number: PhoneNumber) -> str:
    """Return a number for people to read."""
    return phone_number.masked if _is_masked() else phone_number.as_international


def notice() -> str:
    """Return what people are told before they activate a code."""
    if _is_masked():
        return _("The person whose code it is will see a part of your phone number; the other digits are hidden.")
    return _("The person whose code it is will see your phone number.")


def _is_masked() -> bool:
    return bool(settings.REFERRALS_SHOW_NUMBERS == "masked")
