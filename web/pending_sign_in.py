"""The state between requesting a code and entering it, kept in the session on the server."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from users.phones import PhoneNumber
from users.sign_in.codes import SentCode

_KEY = "sign_in"
#: Short, since it holds the phone number of a user who has not signed in.
_REMEMBERED_SECONDS = 60 * 60


@dataclass(frozen=True)
class PendingSignIn:
    phone_number: str
    #: URL to open after sign-in.
    next: str = ""
    #: Invite code of the inviter.
    used_referral_code: str = ""
    #: UTC, ISO 8601.
    resend_at: str = ""
    #: Kept only if CONFIRMATION_CODE_EXPOSED.
    confirmation_code: str = ""

    def after(self, sent: SentCode) -> "PendingSignIn":
        shown = sent.confirmation_code if settings.CONFIRMATION_CODE_EXPOSED else ""
        return replace(self, resend_at=sent.record.resend_at.isoformat(), confirmation_code=shown)

    def due_in(self, seconds: int) -> "PendingSignIn":
        return replace(self, resend_at=(timezone.now() + timedelta(seconds=seconds)).isoformat())

    @property
    def exposed_code(self) -> str:
        return self.confirmation_code if settings.CONFIRMATION_CODE_EXPOSED else ""

    @property
    def readable_phone_number(self) -> str:
        return PhoneNumber(self.phone_number).as_international

    @property
    def seconds_to_resend(self) -> int:
        return max(0, round((datetime.fromisoformat(self.resend_at) - timezone.now()).total_seconds()))


def remember(request: HttpRequest, pending: PendingSignIn) -> None:
    request.session[_KEY] = asdict(pending)
    request.session.set_expiry(_REMEMBERED_SECONDS)


def recall(request: HttpRequest) -> PendingSignIn | None:
    remembered = request.session.get(_KEY)
    return PendingSignIn(**remembered) if remembered else None


def forget(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)
    request.session.set_expiry(None)
