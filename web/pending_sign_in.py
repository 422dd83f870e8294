"""The state between requesting a code and entering it, in a signed cookie: a stranger gets no row in the database.

The codes of people who are signed in have another cookie, signed for purpose and account: the next person who signs in
to this browser can't use it.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from users.phones import PhoneNumber
from users.sign_in.sending import SentCode
from users.sign_in.stored_codes import SIGN_IN, Binding
from users.validators import code_lengths

_SALT = "web.pending_sign_in"
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
    #: Digits of the code.
    code_length: int = 0
    #: Kept only if CONFIRMATION_CODE_EXPOSED.
    confirmation_code: str = ""

    def after(self, sent: SentCode) -> "PendingSignIn":
        shown = sent.confirmation_code if settings.CONFIRMATION_CODE_EXPOSED else ""
        return replace(
            self,
            resend_at=sent.record.resend_at.isoformat(),
            code_length=len(sent.confirmation_code),
            confirmation_code=shown,
        )

    def due_in(self, seconds: int) -> "PendingSignIn":
        return replace(self, resend_at=(timezone.now() + timedelta(seconds=seconds)).isoformat())

    @property
    def digits(self) -> int:
        """Return how many digits the code has; the usual number if another browser requested it."""
        return self.code_length or code_lengths()[0]

    @property
    def exposed_code(self) -> str:
        return self.confirmation_code if settings.CONFIRMATION_CODE_EXPOSED else ""

    @property
    def readable_phone_number(self) -> str:
        return PhoneNumber(self.phone_number).as_international

    @property
    def seconds_to_resend(self) -> int:
        return max(0, round((datetime.fromisoformat(self.resend_at) - timezone.now()).total_seconds()))


def remember(answer: HttpResponse, pending: PendingSignIn, binding: Binding = SIGN_IN) -> HttpResponse:
    answer.set_cookie(
        _cookie_name(binding),
        signing.dumps(asdict(pending), salt=_salt(binding), compress=True),
        max_age=_REMEMBERED_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


def cookie_of(request: HttpRequest, binding: Binding = SIGN_IN) -> str:
    """Return the signed cookie, "" if there is none."""
    return request.COOKIES.get(_cookie_name(binding), "")


def recall(request: HttpRequest, binding: Binding = SIGN_IN) -> PendingSignIn | None:
    try:
        remembered = signing.loads(cookie_of(request, binding), salt=_salt(binding), max_age=_REMEMBERED_SECONDS)
        return PendingSignIn(**remembered)
    except (signing.BadSignature, TypeError):  # TypeError: made by another release
        return None


def forget(answer: HttpResponse, binding: Binding = SIGN_IN) -> HttpResponse:
    answer.delete_cookie(_cookie_name(binding), samesite="Lax")
    return answer


def _cookie_name(binding: Binding) -> str:
    return str(settings.SIGN_IN_COOKIE_NAME if binding == SIGN_IN else settings.ACCOUNT_COOKIE_NAME)


def _salt(binding: Binding) -> str:
    return _SALT if binding == SIGN_IN else f"{_SALT}.{binding.purpose.value}.{binding.account_id}"
