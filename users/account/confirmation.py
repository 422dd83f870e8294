"""A fresh code before what can't be undone, in a session that was opened a while ago."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from users.account.refusals import ConfirmationNeeded
from users.models import ConfirmationCode, Purpose, User, UserSession
from users.people import open_sessions
from users.people.open_sessions import CurrentSession
from users.refusals import SessionEnded
from users.sign_in import sending, tries
from users.sign_in.lockout import Standing
from users.sign_in.sending import SentCode
from users.sign_in.stored_codes import Binding

#: How long a session that was confirmed may go on.
CONFIRMED_FOR = timedelta(minutes=10)

#: What `request` may raise.
REQUEST_REFUSALS = sending.SENDING_REFUSALS
#: What `confirm` may raise, in the order of its checks.
CONFIRM_REFUSALS = tries.REFUSALS


def require(session: CurrentSession) -> None:
    """Raise `ConfirmationNeeded` if this session is older than CONFIRM_AFTER_MINUTES and was not confirmed lately.

    Call it before erasing, exporting and changing the number. Raises `SessionEnded` if it has ended: the access token
    of a JWT session lives on for a while.
    """
    stored, now = open_sessions.find(session), timezone.now()
    if stored is None:
        raise SessionEnded
    if not settings.CONFIRM_AFTER_MINUTES:
        return
    is_confirmed = stored.confirmed_until is not None and now < stored.confirmed_until
    if not is_confirmed and now - stored.created_at > timedelta(minutes=settings.CONFIRM_AFTER_MINUTES):
        raise ConfirmationNeeded(minutes=settings.CONFIRM_AFTER_MINUTES)


def binding_of(user: User) -> Binding:
    return Binding(Purpose.CONFIRM, user.pk)


def request(*, user: User, client_ip: str, app: str = "") -> SentCode:
    """Send a code to the person's own number. Raises one of `REQUEST_REFUSALS`."""
    return sending.send_code(phone_number=user.phone_number, client_ip=client_ip, app=app, binding=binding_of(user))


@sensitive_variables("confirmation_code")
def confirm(*, user: User, session: CurrentSession, confirmation_code: str, client_ip: str) -> datetime:
    """Confirm this session and return until when (UTC). Raises one of `CONFIRM_REFUSALS`, or `SessionEnded`."""

    def go_on(code: ConfirmationCode, _standing: Standing) -> tries.Accepted[datetime]:
        until = timezone.now() + CONFIRMED_FOR
        if not UserSession.objects.filter(credential=session.credential).update(confirmed_until=until):
            raise SessionEnded
        return until, tries.sendings_given_back(code, client_ip=client_ip)

    number = user.phone_number
    return tries.enter(tries.Attempt(number, client_ip, confirmation_code, go_on, binding=binding_of(user)))
