"""Every refusal of the domain: a stable code for programs, a message for people, an HTTP status."""

from datetime import datetime
from http import HTTPStatus
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.durations import in_words


class Refusal(Exception):
    """A rule was violated. `details` fill the placeholders of the message and are sent to the client as well."""

    code: ClassVar[str]
    message: ClassVar[str | Promise]
    #: The invalid input field, if there is one.
    field: ClassVar[str | None] = None
    #: 503 for a server-side condition.
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(self, **details: int | str) -> None:
        super().__init__(self.code)
        self.details = details

    def __str__(self) -> str:
        return str(self.message) % {**self.details, "wait": in_words(int(self.details.get("retry_after", 0)))}


def seconds_between(now: datetime, later: datetime) -> int:
    """Return whole seconds for a `retry_after`, at least 1."""
    return max(1, round((later - now).total_seconds()))


class PhoneNumberInvalid(Refusal):
    code = "phone_number_invalid"
    message = _("Enter a mobile phone number: start with + and the country code, for example +7 999 999-99-99.")
    field = "phone_number"

    def __init__(self, *, found: str | Promise = "", **details: int) -> None:
        """`found`: a sentence about what there is instead of a number."""
        super().__init__(**details)
        self.found = found

    def __str__(self) -> str:
        return f"{self.found} {super().__str__()}".lstrip()


class CountryNotServed(Refusal):
    code = "country_not_served"
    message = _("Codes are not sent to numbers of this country.")
    field = "phone_number"


class PhoneNumberTaken(Refusal):
    code = "phone_number_taken"
    status = HTTPStatus.CONFLICT
    message = _("Someone with this phone number is registered already.")
    field = "phone_number"


class ExternalIdTaken(Refusal):
    code = "external_id_taken"
    status = HTTPStatus.CONFLICT
    message = _("Another person has this external id.")
    field = "external_id"


class CodeRecentlySent(Refusal):
    code = "code_recently_sent"
    status = HTTPStatus.TOO_MANY_REQUESTS
    message = _("A code was sent a moment ago. Ask for a new one in %(retry_after)d s.")


class TooManyCodes(Refusal):
    code = "too_many_codes"
    status = HTTPStatus.TOO_MANY_REQUESTS
    message = _("Too many codes were asked for this number. Try again in %(wait)s.")


class TooManyRequests(Refusal):
    code = "too_many_requests"
    status = HTTPStatus.TOO_MANY_REQUESTS
    message = _("Too many requests came from your network. Try again in %(wait)s.")


class SignInLocked(Refusal):
    code = "sign_in_locked"
    status = HTTPStatus.TOO_MANY_REQUESTS
    message = _("Too many wrong codes were entered for this number. Try again in %(wait)s.")


class SendingPaused(Refusal):
    code = "sending_paused"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = _("So many codes are being asked for that sending has paused. Try again in %(wait)s.")


class DeliveryUnavailable(Refusal):
    code = "delivery_unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = _("The code could not be sent. Try again in %(retry_after)d s.")


class ConfirmationCodeWrong(Refusal):
    code = "confirmation_code_wrong"
    message = _("Wrong code. Tries left: %(tries_left)d.")
    field = "confirmation_code"


class ConfirmationCodeExpired(Refusal):
    code = "confirmation_code_expired"
    message = _("No code is waiting for this number: it has expired or was used. Ask for a new one.")
    field = "confirmation_code"


class ConfirmationCodeExhausted(Refusal):
    code = "confirmation_code_exhausted"
    message = _("Too many wrong tries have made this code worthless. Ask for a new one.")
    field = "confirmation_code"


class LongerCodeNeeded(Refusal):
    """The limit says when it ends, but not the client needs that: it can request a longer code at once."""

    code = "longer_code_needed"
    message = _("So many wrong codes are being entered everywhere that this one is void. Ask for a new, longer one.")
    field = "confirmation_code"

    def __init__(self, **_details: int) -> None:
        super().__init__()


class VerificationLinkInvalid(Refusal):
    code = "verification_link_invalid"
    status = HTTPStatus.NOT_FOUND
    message = _("This link has been replaced by a newer one or never existed. Ask for a new code.")


class AccountDisabled(Refusal):
    code = "account_disabled"
    status = HTTPStatus.FORBIDDEN
    message = _("This account is disabled. Please contact support.")


class SessionEnded(Refusal):
    code = "session_ended"
    status = HTTPStatus.UNAUTHORIZED
    message = _("This session is unknown, expired or signed out. Sign in again.")


class JWTSession(Refusal):
    code = "jwt_session"
    status = HTTPStatus.CONFLICT
    message = _("This session is a JWT pair: end it by its refresh token, at /api/jwt/logout/.")


class ServiceKeyInvalid(Refusal):
    code = "service_key_invalid"
    status = HTTPStatus.UNAUTHORIZED
    message = _("This needs a service key that is known, not revoked and not expired.")


class ServiceKeyRequired(Refusal):
    code = "service_key_required"
    status = HTTPStatus.FORBIDDEN
    message = _("The session of a person can't do this. Programs send a service key.")


class ScopeMissing(Refusal):
    code = "scope_missing"
    status = HTTPStatus.FORBIDDEN
    message = _("This service key lacks the scope %(scope)s.")


class ReferralCodeNotFound(Refusal):
    code = "referral_code_not_found"
    message = _("Nobody has this invite code. Check it for typing errors.")
    field = "used_referral_code"


class ReferralCodeTaken(Refusal):
    code = "referral_code_taken"
    status = HTTPStatus.CONFLICT
    message = _("This invite code belongs to another person, or did.")
    field = "referral_code"


class TooManyReferralCodes(Refusal):
    code = "too_many_referral_codes"
    status = HTTPStatus.TOO_MANY_REQUESTS
    message = _("You have tried too many invite codes. Try again in %(wait)s.")


class OwnReferralCode(Refusal):
    code = "own_referral_code"
    message = _("This is your own code. Enter the code of the person who invited you.")
    field = "used_referral_code"


class AlreadyActivated(Refusal):
    code = "already_activated"
    status = HTTPStatus.CONFLICT
    message = _("You have already activated another invite code. That can be done once only.")
    field = "used_referral_code"


class NumberWasHereBefore(Refusal):
    code = "number_was_here_before"
    status = HTTPStatus.CONFLICT
    message = _("This phone number was registered here before, so it can't activate an invite code.")
    field = "used_referral_code"


class ReferralCircle(Refusal):
    code = "referral_circle"
    status = HTTPStatus.CONFLICT
    message = _("The owner of this code was invited by you or by people you invited.")
    field = "used_referral_code"


class TimeZoneUnknown(Refusal):
    code = "time_zone_unknown"
    message = _("There is no such time zone. Its name is that of the IANA database, for example Europe/Moscow.")
    field = "time_zone"


class PeriodInvalid(Refusal):
    code = "period_invalid"
    message = _("A period lies between 2000 and 2099, and ends no sooner than it starts.")
    field = "to"


class PeriodTooLong(Refusal):
    code = "period_too_long"
    message = _("A period has at most %(steps)d steps: choose a longer step.")
    field = "step"


class ActivationWindowClosed(Refusal):
    code = "activation_window_closed"
    status = HTTPStatus.CONFLICT
    message = _("An invite code could be activated during the first %(days)d days only.")
    field = "used_referral_code"
